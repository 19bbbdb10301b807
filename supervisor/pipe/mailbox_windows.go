package pipe

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sys/windows"
)

const (
	// writers is how many clients a mailbox takes at a time; further ones wait. WaitForMultipleObjects takes 64 events.
	writers = 60
	// spare is how many instances wait for clients at a time: a program that opens a file does not wait when it is told that all are busy.
	spare = 4
)

// Mailbox is a pipe into which any program may write, as into a file: what is written at once is one letter. It takes one thread. One letter
// of each writer is kept here; who writes more than is taken out waits when the kernel has had enough. It is safe for concurrent use.
type Mailbox struct {
	// fixed after Receive
	addr  Addr
	maker *maker
	limit int
	wake  windows.Handle // finished or closed
	taken windows.Handle // done has grown
	out   chan item      // of no slot twice; closed when no more come

	close  sync.Once
	closed chan struct{}

	emptied sync.Mutex
	done    []*slot // whose letter was taken

	slots []*slot // of serve
}

// item is a letter and where it came from.
type item struct {
	Letter
	from *slot
}

// slot is an instance of a mailbox.
type slot struct {
	instance
	pid  int // of the client; 0 while there is none
	buf  []byte
	long bool // the rest of a letter that is too long comes
	full bool // its letter was not taken yet: nothing is read
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
	b := &Mailbox{addr: Addr(path), maker: m, limit: limit, out: make(chan item, writers), closed: make(chan struct{})}
	if b.wake, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return nil, err
	}
	if b.taken, err = windows.CreateEvent(nil, 0, 0, nil); err != nil {
		b.end()
		return nil, err
	}
	for n := range spare {
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
	case i, ok := <-b.out:
		if !ok {
			return Letter{}, io.EOF
		}
		b.empty(i.from)
		return i.Letter, nil
	case <-b.closed:
		return Letter{}, io.EOF
	}
}

// empty has serve read on at a slot.
func (b *Mailbox) empty(s *slot) {
	b.emptied.Lock()
	defer b.emptied.Unlock()
	b.done = append(b.done, s)
	_ = windows.SetEvent(b.taken) // fails after serve, which closes it under the lock
}

// Finish has Next give what was written until now, and then io.EOF: for writers that are gone.
func (b *Mailbox) Finish() {
	b.emptied.Lock()
	defer b.emptied.Unlock()
	_ = windows.SetEvent(b.wake)
}

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
		if err != nil {
			break
		}
		if s != nil {
			b.step(s, false)
		}
		b.readOn()
	}
	for _, s := range b.slots {
		b.drain(s)
	}
}

// readOn reads at the slots whose letter was taken.
func (b *Mailbox) readOn() {
	b.emptied.Lock()
	defer b.emptied.Unlock()
	for _, s := range b.done {
		s.read()
	}
	b.done = nil
}

// end closes everything.
func (b *Mailbox) end() {
	for _, s := range b.slots {
		s.instance.close()
	}
	b.emptied.Lock()
	defer b.emptied.Unlock()
	for _, h := range []*windows.Handle{&b.wake, &b.taken} {
		_ = windows.CloseHandle(*h)
		*h = windows.InvalidHandle
	}
}

// wait gives a slot at which something has happened, nil when only letters were taken; the error is io.EOF after Finish.
func (b *Mailbox) wait() (*slot, error) {
	events, at := []windows.Handle{b.wake, b.taken}, []int{-1, -1}
	for i, s := range b.slots {
		if !s.full {
			events, at = append(events, s.op.event), append(at, i)
		}
	}
	n, err := windows.WaitForMultipleObjects(events, false, windows.INFINITE)
	switch {
	case err != nil:
		return nil, err
	case n == windows.WAIT_OBJECT_0:
		return nil, io.EOF
	case n == windows.WAIT_OBJECT_0+1:
		return nil, nil
	}
	i := at[n-windows.WAIT_OBJECT_0]
	s := b.slots[i]
	b.slots = append(slices.Delete(b.slots, i, i+1), s) // of several the first is given: all have their turn
	return s, nil
}

// step takes in what has happened at a slot. With cancel nothing is waited for: it says whether there was something.
func (b *Mailbox) step(s *slot, cancel bool) bool {
	if s.pid == 0 {
		came := s.connected(cancel)
		if came {
			b.welcome(s)
		} else if !cancel {
			b.reuse(s)
		}
		return came
	}
	n, err := s.op.end(s.handle, cancel)
	more := err == windows.ERROR_MORE_DATA
	if err != nil && !more {
		if !cancel {
			b.reuse(s)
		}
		return false
	}
	rest := s.long
	s.long = more
	if rest {
		s.read()
		return true
	}
	s.full = true
	select {
	case b.out <- item{Letter{PID: max(s.pid, 0), Data: append([]byte(nil), s.buf[:n]...), Long: more}, s}:
	case <-b.closed:
	}
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
	if len(b.slots) < writers && b.free() < spare {
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

// read begins to wait for a letter, or its rest.
func (s *slot) read() {
	s.full = false
	s.op.begin(func(o *windows.Overlapped, n *uint32) error { return windows.ReadFile(s.handle, s.buf, n, o) })
}

// reuse makes a slot wait for another client, unless enough do.
func (b *Mailbox) reuse(s *slot) {
	if s.pid != 0 && b.free() >= spare {
		b.slots = slices.DeleteFunc(b.slots, func(o *slot) bool { return o == s })
		s.instance.close()
		return
	}
	_ = windows.DisconnectNamedPipe(s.handle)
	s.pid = 0
	s.listen()
}

// drain takes out what is in a slot, without waiting for more.
func (b *Mailbox) drain(s *slot) {
	for {
		select {
		case <-b.closed:
			return
		default:
		}
		if s.full {
			s.read()
		}
		if !b.step(s, true) {
			return
		}
	}
}
