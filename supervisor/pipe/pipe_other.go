//go:build !windows

package pipe

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"time"
)

var errUnsupported = errors.New("named pipes are Windows's: not supported on " + runtime.GOOS)

// Listener is an open pipe; there is none on this system.
type Listener struct{}

// Conn is one end of a connection; there is none on this system.
type Conn struct{ net.Conn }

// Mailbox is a pipe for letters; there is none on this system.
type Mailbox struct{}

func listen(string, Options) (*Listener, error) { return nil, errUnsupported }

func dial(_ context.Context, path string) (*Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: Addr(path).Network(), Addr: Addr(path), Err: errUnsupported}
}

func receive(string, int) (*Mailbox, error) { return nil, errUnsupported }

// User is not supported on this system.
func User() (string, error) { return "", errUnsupported }

// Accept is not supported on this system.
func (*Listener) Accept() (net.Conn, error) { return nil, errUnsupported }

// SetDeadline is not supported on this system.
func (*Listener) SetDeadline(time.Time) error { return errUnsupported }

// Addr is no address.
func (*Listener) Addr() net.Addr { return Addr("") }

// Close is not supported on this system.
func (*Listener) Close() error { return errUnsupported }

// Client is not supported on this system.
func (*Conn) Client() (Client, error) { return Client{}, errUnsupported }

// Trusted is not supported on this system.
func (*Conn) Trusted() error { return errUnsupported }

// Next is not supported on this system.
func (*Mailbox) Next() (Letter, error) { return Letter{}, errUnsupported }

// Finish does nothing on this system.
func (*Mailbox) Finish() {}

// Close is not supported on this system.
func (*Mailbox) Close() error { return errUnsupported }

// Available is not supported on this system.
func Available(*os.File) (int, error) { return 0, errUnsupported }

// Account knows no names on this system.
func Account(sid string) string { return sid }
