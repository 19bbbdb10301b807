package dialect

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// isTCP reports whether connections come from a TCP port.
func (s Socket) isTCP() bool { return strings.HasPrefix(s.Network, "tcp") }

// isStream reports whether connections are accepted from it that package net and its likes know.
func (s Socket) isStream() bool { return s.isTCP() || s.Network == "unix" || s.Network == "unixpacket" }

// isPath reports whether it is a stream socket with a file.
func (s Socket) isPath() bool { return s.Network == "unix" && !strings.HasPrefix(s.Path, "@") }

// hasFile reports whether a path goes with it, of whatever type.
func (s Socket) hasFile() bool { return s.Path != "" && !strings.HasPrefix(s.Path, "@") }

// port is the port in decimal.
func (s Socket) port() string { return strconv.Itoa(s.Port) }

// anyHost is the host as getsockname(2) would write it: the wildcard spelled out, which is :: for the
// dual-stack socket, too.
func (s Socket) anyHost() string {
	switch {
	case !wildcard(s.Host):
		return s.Host
	case strings.HasSuffix(s.Network, "4"):
		return "0.0.0.0"
	}
	return "::"
}

// bindURL is the socket as programs of Ruby write it in their configuration; "" for those they have no words for.
func (s Socket) bindURL() string {
	switch {
	case s.isTCP():
		return "tcp://" + net.JoinHostPort(s.anyHost(), s.port())
	case s.Network == "unix":
		return "unix://" + s.Path
	}
	return ""
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

// silentUnless returns the indexes of the sockets that do not pass.
func silentUnless(in Input, pass func(Socket) bool) []int {
	var silent []int
	for i, s := range in.Sockets {
		if !pass(s) {
			silent = append(silent, i)
		}
	}
	return silent
}

// onlyStreams refuses other sockets where a program takes every descriptor for a stream socket.
func onlyStreams(in Input, pass func(Socket) bool) error {
	for _, s := range in.Sockets {
		if !pass(s) {
			return fmt.Errorf("its programs take every descriptor for one to accept from, and listener %q is %s socket (give the service other listeners, or use another dialect)", s.Name, withArticle(kind(s)))
		}
	}
	return nil
}

// onlyOne refuses all but one listener.
func onlyOne(in Input) error {
	if len(in.Sockets) != 1 {
		return fmt.Errorf("it passes exactly one listener, and the service has %d", len(in.Sockets))
	}
	return nil
}

// numberList is the numbers of the sockets that pass, with sep between them.
func numberList(in Input, fds []int, sep string, pass func(Socket) bool) string {
	var list []string
	for i, s := range in.Sockets {
		if pass(s) {
			list = append(list, strconv.Itoa(fds[i]))
		}
	}
	return strings.Join(list, sep)
}

// maxPath is the longest path that a unix socket can have (unix(7)).
const maxPath = 107

// servedPath is the path of a socket that is served to the worker, or false where it has no folder or the
// path would be too long.
func servedPath(in Input, name string) (string, bool) {
	at := path.Join(in.RuntimeDir, name)
	return at, in.RuntimeDir != "" && len(at) <= maxPath
}

// mustServe is servedPath where the worker cannot do without.
func mustServe(in Input, name string) (string, error) {
	path, ok := servedPath(in, name)
	switch {
	case ok:
		return path, nil
	case in.RuntimeDir == "":
		return "", fmt.Errorf("it serves a socket in the worker's runtime folder, and the worker has none")
	}
	return "", fmt.Errorf("the path %q of the socket that it serves has %d bytes (at most %d: unix(7); run supervise with a shorter runtime folder)", path, len(path), maxPath)
}

// isOneOf makes an owns of a list.
func isOneOf(keys ...string) func(string) bool {
	return func(key string) bool {
		for _, k := range keys {
			if k == key {
				return true
			}
		}
		return false
	}
}

// numbered reports whether key is prefix and a decimal number.
func numbered(key, prefix string) bool {
	tail, ok := strings.CutPrefix(key, prefix)
	return ok && tail != "" && strings.Trim(tail, "0123456789") == ""
}
