//go:build !windows

package channel

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// listener is one Listen.
type listener struct {
	kind  dialect.ChannelKind
	said  func([]byte) bool
	ready func() // nil: it has been called

	taken    []byte // the end of what was taken out before
	left     int    // bytes that were looked at and stay for now
	finished bool
	buf      [glance]byte
}

func (l *listener) listen(f *os.File) error {
	raw, err := f.SyscallConn()
	if err == nil {
		err = l.hear(raw)
	}
	if err == io.EOF {
		return nil
	}
	if _, closed := f.Read(nil); closed != nil { // raw connections do not use the words that os.ErrClosed stands for
		return closed
	}
	return err
}

func (l *listener) hear(raw syscall.RawConn) error {
	for {
		b, err := l.look(raw)
		if err != nil {
			return err
		}
		if l.ready != nil && l.said(l.known(b)) {
			l.ready()
			l.ready = nil
		}
		if err := l.take(raw, b); err != nil {
			return err
		}
	}
}

// known is what a decision is made of: a datagram stands for itself.
func (l *listener) known(b []byte) []byte {
	if l.kind == dialect.Datagram {
		return b
	}
	return append(l.taken[:len(l.taken):len(l.taken)], b...)
}

// look waits for something new and leaves it there.
func (l *listener) look(raw syscall.RawConn) (b []byte, err error) {
	var again bool
	try := func(fd uintptr) bool {
		b, again, err = l.peek(int(fd))
		if err == nil && !again && l.left > 0 && len(b) == l.left {
			again = true // nothing new
		}
		return !again
	}
	if !l.finished {
		wait := raw.Read(try)
		if !errors.Is(wait, os.ErrDeadlineExceeded) {
			return b, cmp.Or(wait, err)
		}
		l.finished = true
	}
	if err := raw.Control(func(fd uintptr) { try(fd) }); err != nil {
		return nil, err
	}
	if again {
		err = io.EOF
	}
	return b, err
}

// take removes what was looked at. From a stream that has not said yet what it will, an unfinished line is left: what a line means
// can be told only of all of it. A pipe must be empty when we wait: the poller does not hear of a write that finds something in a pipe
// and then blocks because it is full.
func (l *listener) take(raw syscall.RawConn, b []byte) error {
	n := len(b)
	if l.kind == dialect.Stream && l.ready != nil && n < glance {
		n = bytes.LastIndexByte(b, '\n') + 1
	}
	l.left = len(b) - n
	if n == 0 && l.kind != dialect.Datagram {
		return nil
	}
	if l.ready != nil && l.kind != dialect.Datagram {
		l.taken = append(l.taken, b[:n]...)
		l.taken = l.taken[max(0, len(l.taken)-memory):]
	}
	var err error
	if control := raw.Control(func(fd uintptr) { err = l.discard(int(fd), n) }); control != nil {
		return control
	}
	return err
}
