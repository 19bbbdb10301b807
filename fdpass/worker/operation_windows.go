package worker

import (
	"errors"
	"math"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// operation is one overlapped call that waits for an event of its own in place of a completion port. A socket has one completion
// port for all processes that hold it: Go's poller, which needs one, has it for the first worker only.
type operation struct {
	overlapped windows.Overlapped // the kernel writes here until the call has ended
	buffer     [2 * acceptAddress]byte

	done windows.Handle // event: the call has ended
	wake windows.Handle // event: the gate has changed
}

func newOperation() (*operation, error) {
	o := &operation{}
	var err error
	if o.done, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	if o.wake, err = windows.CreateEvent(nil, 0, 0, nil); err != nil {
		_ = windows.CloseHandle(o.done)
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return o, nil
}

func (o *operation) close() {
	_ = windows.CloseHandle(o.done)
	_ = windows.CloseHandle(o.wake)
}

// run starts a call on h and waits until it has ended; n is how many bytes it moved. What the gate says ends the wait; a call that was
// completed all the same counts.
func (o *operation) run(h windows.Handle, g *gate, start func(o *windows.Overlapped, n *uint32) error) (n uint32, err error) {
	if _, err := g.state(); err != nil {
		return 0, err
	}
	// GetQueuedCompletionStatus: "specifying a valid event handle for the hEvent member of the OVERLAPPED structure, and setting its
	// low-order bit" keeps the completion out of a port that another holder may have made.
	o.overlapped = windows.Overlapped{HEvent: o.done | 1}
	err = start(&o.overlapped, &n)
	if err != windows.ERROR_IO_PENDING {
		return n, err
	}
	ended := o.wait(g)
	if ended != nil {
		_ = windows.CancelIoEx(h, &o.overlapped)
	}
	err = windows.GetOverlappedResult(h, &o.overlapped, &n, true)
	if err != nil && ended != nil {
		err = ended
	}
	return n, err
}

// wait returns nil when the call has ended.
func (o *operation) wait(g *gate) error {
	events := []windows.Handle{o.done, o.wake}
	for {
		left, err := g.state()
		if err != nil {
			return err
		}
		at, err := windows.WaitForMultipleObjects(events, false, left)
		if at == windows.WAIT_OBJECT_0 || err != nil {
			return err
		}
	}
}

// gate says how long the operations at one socket may wait.
type gate struct {
	mu       sync.Mutex
	closed   bool
	deadline time.Time
	running  []*operation
	idle     []*operation
}

// enter gives an operation that hears of changes.
func (g *gate) enter() (*operation, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, net.ErrClosed
	}
	var o *operation
	if last := len(g.idle) - 1; last >= 0 {
		o, g.idle = g.idle[last], g.idle[:last]
	} else {
		var err error
		if o, err = newOperation(); err != nil {
			return nil, err
		}
	}
	g.running = append(g.running, o)
	return o, nil
}

// leave takes it back. It keeps as many as have ever run at once.
func (g *gate) leave(o *operation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = slices.DeleteFunc(g.running, func(other *operation) bool { return other == o })
	if g.closed {
		o.close()
		return
	}
	g.idle = append(g.idle, o)
}

// state gives the milliseconds that are left, as WaitForMultipleObjects wants them, or why the wait is over.
func (g *gate) state() (left uint32, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return 0, net.ErrClosed
	}
	if g.deadline.IsZero() {
		return windows.INFINITE, nil
	}
	d := time.Until(g.deadline)
	if d <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	const most = math.MaxInt32 * time.Millisecond // then it looks again
	return uint32((min(d, most) + time.Millisecond - 1) / time.Millisecond), nil
}

func (g *gate) setDeadline(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	g.deadline = t
	return g.wakeAll()
}

// close ends every wait.
func (g *gate) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	g.closed = true
	for _, o := range g.idle {
		o.close()
	}
	g.idle = nil
	return g.wakeAll()
}

func (g *gate) wakeAll() error {
	var failed error
	for _, o := range g.running {
		failed = errors.Join(failed, windows.SetEvent(o.wake))
	}
	return failed
}
