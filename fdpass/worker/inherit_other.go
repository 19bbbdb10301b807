//go:build !unix && !windows

package worker

import (
	"errors"
	"net"
	"os"
	"runtime"
)

const variable = "LISTEN_FDS"

type handed struct{}

func receive(getenv func(string) string, _, _ int) ([]handed, error) {
	if getenv(variable) == "" {
		return nil, nil
	}
	return nil, errors.New("cannot take over listeners: not supported on " + runtime.GOOS + " (run without LISTEN_FDS)")
}

func (handed) name() string                        { return "" }
func (handed) kind() kind                          { return other }
func (handed) listener() (net.Listener, error)     { return nil, errors.ErrUnsupported }
func (handed) packetConn() (net.PacketConn, error) { return nil, errors.ErrUnsupported }
func (handed) file() (*os.File, error)             { return nil, errors.ErrUnsupported }
func (handed) close()                              {}
