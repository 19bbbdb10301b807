package pipe

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// Conn is one end of a connection, a net.Conn. It waits in Go's poller. It is safe for concurrent use.
type Conn struct {
	file *os.File
	addr Addr
}

func newConn(h windows.Handle, addr Addr) *Conn {
	return &Conn{file: os.NewFile(uintptr(h), string(addr)), addr: addr}
}

// Read gives io.EOF when the other end is closed and all that it wrote was read.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.file.Read(b)
	return n, c.explain("read", err)
}

// Write waits until the kernel has taken all of b. It is syscall.EPIPE when the other end is closed.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	return n, c.explain("write", err)
}

// explain puts an error into the words of other connections: Windows has three for an end that is closed.
func (c *Conn) explain(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	switch err {
	case os.ErrClosed:
		err = net.ErrClosed
	case windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA, windows.ERROR_PIPE_NOT_CONNECTED:
		if op == "read" {
			return io.EOF
		}
		err = syscall.EPIPE
	}
	return &net.OpError{Op: op, Net: c.addr.Network(), Addr: c.addr, Err: err}
}

// Close ends all that waits here. What was written can still be read at the other end.
func (c *Conn) Close() error { return c.explain("close", c.file.Close()) }

// LocalAddr is the path of the pipe, as RemoteAddr is.
func (c *Conn) LocalAddr() net.Addr { return c.addr }

// RemoteAddr is the path of the pipe.
func (c *Conn) RemoteAddr() net.Addr { return c.addr }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.explain("set", c.file.SetDeadline(t)) }

// SetReadDeadline is when Read gives up (os.ErrDeadlineExceeded); the zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.explain("set", c.file.SetReadDeadline(t)) }

// SetWriteDeadline is when Write gives up.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.explain("set", c.file.SetWriteDeadline(t))
}

// use runs f with the handle, which stays open meanwhile.
func (c *Conn) use(f func(h windows.Handle) error) error {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(windows.Handle(fd)) }); err != nil {
		return err
	}
	return inner
}
