//go:build !linux

package fdpass

import (
	"errors"
	"net/netip"
	"runtime"
	"syscall"
)

func boundFrom(netip.Addr, func(netip.AddrPort) error) func(string, string, syscall.RawConn) error {
	return func(string, string, syscall.RawConn) error {
		return errors.New("connecting from a chosen port is not supported on " + runtime.GOOS)
	}
}
