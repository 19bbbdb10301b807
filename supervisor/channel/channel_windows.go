package channel

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

var errUnsupported = errors.New("not supported on windows")

func pair(bool) (*os.File, *fdpass.Descriptor, error) { return nil, nil, errUnsupported }

func content([]byte) (*fdpass.Descriptor, error) { return nil, errUnsupported }

// listener is one Listen.
type listener struct {
	kind  dialect.ChannelKind
	said  func([]byte) bool
	ready func() // nil: it has been called
	known []byte // the end of what was read, until it is ready
	buf   [glance]byte
}

func (l *listener) listen(f *os.File) error {
	if l.kind != dialect.PipeOut {
		return errUnsupported
	}
	read := f.Read
	for {
		n, err := read(l.buf[:])
		l.hear(l.buf[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded): // Finish
			read = func(b []byte) (int, error) { return readThere(f, b) }
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func (l *listener) hear(b []byte) {
	if l.ready == nil || len(b) == 0 {
		return
	}
	l.known = append(l.known, b...)
	if l.said(l.known) {
		l.ready()
		l.ready, l.known = nil, nil
	}
	l.known = l.known[max(0, len(l.known)-memory):]
}

// readThere reads what is there and waits for nothing: then it is the end. With a deadline that is over nothing at all would be read.
func readThere(f *os.File, b []byte) (int, error) {
	if n, err := pipe.Available(f); err != nil || n == 0 {
		return 0, io.EOF
	}
	if err := f.SetReadDeadline(time.Time{}); err != nil {
		return 0, err
	}
	return f.Read(b)
}
