package pipe

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sys/windows"
)

// writers is how many clients a mailbox takes at a time; further ones wait. WaitForMultipleObjects takes 64 events.
const writers = 60

// Mailbox is a pipe into which any program may write, as into a file: what is written at once is one letter. It takes one thread. Nothing is kept:
// who writes more than is taken out waits when the kernel has had enough. It is safe for concurrent use.
type Mailbox struct {
	// fixed after Receive
	addr  Addr
	maker *maker
	limit int
	wake  windows.Handle // finished or closed
	out   chan Letter    // closed when no more come

	finish, close sync.Once
	closed        chan struct{}

	slots []*slot // of serve
}

// slot is an instance of a mailbox.
type slot struct {
	instance
	pid  int // of the client; 0 while there is none
	buf  []byte
	long bool // the rest of a letter that is too long comes
}

func receive(path string, limit int) (*Mailbox, error) {
	b, err := newMailbox(path, limit)
	if err != nil {
		return nil, fmt.Errorf("cannot open pipe %s for letters: %w", path, err)
	}
	return b, nil
}

func newMailbox(path string, limit int) (*Mailbox, error) {
	m, err := newMaker(path, "", true)
	if err != nil {
		return nil, err
	}
	b := &Mailbox{addr: Addr(path), maker: m, limit: limit, out: make(chan Letter), closed: make(chan struct{})}
	if b.wake, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return nil, err
	}
	for n := range instances {
		if err := b.add(n == 0); err != nil {
			b.end()
			return nil, err
		}
	}
	go b.serve()
	return b, nil
}

func (b *Mailbox) add(first bool) error {
	i, err := b.maker.await(first)
	if err != nil {
		return err
	}
	b.slots = append(b.slots, &slot{instance: *i})
	return nil
}

// Next waits for a letter. The error is io.EOF after Close, and after Finish when there is none left.
func (b *Mailbox) Next() (Letter, error) {
	select {
	case <-b.closed:
		return Letter{}, io.EOF
	default:
	}
	select {
	case l, ok := <-b.out:
		if !ok {
			return Letter{}, io.EOF
		}
		return l, nil
	case <-b.closed:
		return Letter{}, io.EOF
	}
}

// Finish has Next give what was written until now, and then io.EOF: for writers that are gone.
func (b *Mailbox) Finish() { b.finish.Do(func() { _ = windows.SetEvent(b.wake) }) }

// Close ends the pipe. Letters that were not taken are lost. A second Close does nothing.
func (b *Mailbox) Close() error {
	b.close.Do(func() {
		close(b.closed)
		b.Finish()
		for range b.out { // until serve has ended
		}
	})
	return nil
}

// serve owns the slots.
func (b *Mailbox) serve() {
	defer close(b.out)
	defer b.end()
	for {
		s, err := b.wait()
		if err != nil || s == nil {
			break
		}
		b.step(s, false)
	}
	for _, s := range b.slots {
		b.drain(s)
	}
}

// end closes everything.
func (b *Mailbox) end() {
	for _, s := range b.slots {
		s.instance.close()
	}
	_ = windows.CloseHandle(b.wake)
}

// wait gives a slot at which something has happened; nil after Finish.
func (b *Mailbox) wait() (*slot, error) {
	events := []windows.Handle{b.wake}
	for _, s := range b.slots {
		events = append(events, s.op.event)
	}
	n, err := windows.WaitForMultipleObjects(events, false, windows.INFINITE)
	if err != nil || n == windows.WAIT_OBJECT_0 {
		return nil, err
	}
	at := int(n-windows.WAIT_OBJECT_0) - 1
	s := b.slots[at]
	b.slots = append(slices.Delete(b.slots, at, at+1), s) // of several the first is given: all have their turn
	return s, nil
}

// step takes in what has happened at a slot and begins to wait for the next. With cancel nothing is waited for: it says whether
// there was something.
func (b *Mailbox) step(s *slot, cancel bool) bool {
	if s.pid == 0 {
		if !s.connected(cancel) {
			b.reuse(s, cancel)
			return false
		}
		b.welcome(s)
		return true
	}
	n, err := s.op.end(s.handle, cancel)
	switch err {
	case nil:
		b.deliver(s, int(n), false)
	case windows.ERROR_MORE_DATA:
		b.deliver(s, int(n), true)
	default:
		b.reuse(s, cancel)
		return false
	}
	s.read()
	return true
}

// welcome begins to read, and sees to it that somebody else can come.
func (b *Mailbox) welcome(s *slot) {
	if s.pid, _ = clientPID(s.handle); s.pid == 0 {
		s.pid = -1
	}
	if s.buf == nil {
		s.buf = make([]byte, b.limit)
	}
	s.long = false
	s.read()
	if len(b.slots) < writers && b.free() < instances {
		_ = b.add(false) // otherwise the next one waits until somebody goes
	}
}

func (b *Mailbox) free() (n int) {
	for _, s := range b.slots {
		if s.pid == 0 {
			n++
		}
	}
	return n
}

func (s *slot) read() {
	s.op.begin(func(o *windows.Overlapped, n *uint32) error { return windows.ReadFile(s.handle, s.buf, n, o) })
}

// deliver hands a letter out when its end has come, and of a long one the beginning at once.
func (b *Mailbox) deliver(s *slot, n int, more bool) {
	rest := s.long
	s.long = more
	if rest {
		return
	}
	l := Letter{PID: max(s.pid, 0), Data: append([]byte(nil), s.buf[:n]...), Long: more}
	select {
	case b.out <- l:
	case <-b.closed:
	}
}

// reuse makes a slot wait for another client, unless all is over.
func (b *Mailbox) reuse(s *slot, over bool) {
	if over {
		return
	}
	_ = windows.DisconnectNamedPipe(s.handle)
	s.pid = 0
	s.listen()
}

// drain takes out what is in a slot, without waiting for more.
func (b *Mailbox) drain(s *slot) {
	for b.step(s, true) {
		select {
		case <-b.closed:
			return
		default:
		}
	}
}
