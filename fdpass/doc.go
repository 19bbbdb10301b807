// Package fdpass opens, names, holds, inspects and moves listening sockets.
package fdpass
