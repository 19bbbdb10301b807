// Package config reads the configuration of supervise: text in, a checked Config out, or every problem at once.
package config
