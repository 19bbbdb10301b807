package pipe

import (
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

const errInUse = syscall.EADDRINUSE

// Listener is an open pipe, a net.Listener. It is safe for concurrent use. A waiting Accept takes a thread.
type Listener struct {
	// fixed after Listen
	addr  Addr
	maker *maker
	wake  windows.Handle // what Accept waits for has changed

	// by one Accept at a time, and by Close after the last
	accept  sync.Mutex
	waiting []*instance

	state    sync.Mutex
	closed   bool
	deadline time.Time
}

// instances is how many wait for clients at a time: while one is handed out another is there.
const instances = 2

func listen(path string, o Options) (*Listener, error) {
	l, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on pipe %s: %w", path, err)
	}
	return l, nil
}

func open(path string, o Options) (*Listener, error) {
	m, err := newMaker(path, o.Group, false)
	if err != nil {
		return nil, err
	}
	l := &Listener{addr: Addr(path), maker: m}
	if l.wake, err = windows.CreateEvent(nil, 0, 0, nil); err != nil {
		return nil, err
	}
	for n := range instances {
		i, err := m.await(n == 0)
		if err != nil {
			_ = l.Close()
			return nil, err
		}
		l.waiting = append(l.waiting, i)
	}
	return l, nil
}

// Accept waits for a client. Its errors are those of net.Listeners: net.ErrClosed after Close, os.ErrDeadlineExceeded after the deadline.
func (l *Listener) Accept() (net.Conn, error) {
	l.accept.Lock()
	defer l.accept.Unlock()
	for {
		ms, err := l.patience()
		if err != nil {
			return nil, l.failed(err)
		}
		n, err := l.wait(ms)
		if err != nil {
			return nil, l.failed(err)
		}
		if n < 0 {
			continue
		}
		c, err := l.take(n)
		if err != nil {
			return nil, l.failed(err)
		}
		if c != nil {
			return c, nil
		}
	}
}

func (l *Listener) failed(err error) error {
	if scarce(err) {
		err = scarceError{err}
	}
	return &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: err}
}

// scarce is whether something has run out that will be there again. The listener still works.
func scarce(err error) bool {
	switch err {
	case windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_NOT_ENOUGH_QUOTA, windows.ERROR_TOO_MANY_OPEN_FILES,
		windows.ERROR_COMMITMENT_LIMIT, windows.ERROR_PAGED_SYSTEM_RESOURCES, windows.ERROR_NONPAGED_SYSTEM_RESOURCES:
		return true
	}
	return false
}

// scarceError has http.Server wait and accept again in place of giving up.
type scarceError struct{ error }

// Temporary says so.
func (scarceError) Temporary() bool { return true }

// Unwrap gives the error of the system.
func (e scarceError) Unwrap() error { return e.error }

// patience is how long to wait, in milliseconds.
func (l *Listener) patience() (uint32, error) {
	l.state.Lock()
	defer l.state.Unlock()
	switch left := time.Until(l.deadline); {
	case l.closed:
		return 0, net.ErrClosed
	case l.deadline.IsZero():
		return windows.INFINITE, nil
	case left <= 0:
		return 0, os.ErrDeadlineExceeded
	default:
		return uint32(min(left.Milliseconds()+1, 1<<30)), nil
	}
}

// wait gives the instance that has a client, -1 when it is time to look again.
func (l *Listener) wait(ms uint32) (int, error) {
	events := []windows.Handle{l.wake}
	for _, i := range l.waiting {
		events = append(events, i.op.event)
	}
	n, err := windows.WaitForMultipleObjects(events, false, ms)
	switch {
	case err != nil:
		return -1, err
	case n >= uint32(len(events)): // WAIT_TIMEOUT, which is no error
		return -1, nil
	}
	return int(n) - 1, nil
}

// take puts a new instance in the place of one that has a client. Without one the old instance is put to use again: the name must not go.
func (l *Listener) take(n int) (*Conn, error) {
	i := l.waiting[n]
	came := i.connected(false)
	next, err := l.maker.await(false)
	if err != nil {
		_ = windows.DisconnectNamedPipe(i.handle)
		i.listen()
		return nil, err
	}
	l.waiting[n] = next
	if !came {
		i.close()
		return nil, nil
	}
	i.op.close()
	return newConn(i.handle, l.addr), nil
}

// SetDeadline is when Accept gives up; the zero time is never.
func (l *Listener) SetDeadline(t time.Time) error {
	l.state.Lock()
	defer l.state.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.deadline = t
	return windows.SetEvent(l.wake)
}

// Addr is the path.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close ends Accept at once, and the pipe. Clients that were not accepted see it end; connections go on.
func (l *Listener) Close() error {
	l.state.Lock()
	if l.closed {
		l.state.Unlock()
		return net.ErrClosed
	}
	l.closed = true
	_ = windows.SetEvent(l.wake)
	l.state.Unlock()

	l.accept.Lock()
	defer l.accept.Unlock()
	for _, i := range l.waiting {
		i.close()
	}
	l.waiting = nil
	return windows.CloseHandle(l.wake)
}
