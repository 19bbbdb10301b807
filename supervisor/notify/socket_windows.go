package notify

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// state is a mailbox.
type state struct {
	box  *pipe.Mailbox
	held *pipe.Letter // by Peek until Discard
}

func place(string) string { return pipe.Random("supervise-notify-") }

func listen(path string, _ int) (*Socket, error) {
	box, err := pipe.Receive(path, MaxMessage+1) // one byte more than we accept, for a NUL
	if err != nil {
		return nil, fmt.Errorf("cannot listen for notifications: %w", err)
	}
	return &Socket{path: path, state: state{box: box}}, nil
}

func restore(path string, f *os.File) (*Socket, error) {
	_ = f.Close()
	return nil, fmt.Errorf("cannot restore notifications on %q: a pipe ends with the process that made it", path)
}

func (s *Socket) duplicate() (*os.File, error) {
	return nil, fmt.Errorf("cannot duplicate notification pipe %q: %w", s.path, errors.ErrUnsupported)
}

func (s *Socket) finish() { s.box.Finish() }

func (s *Socket) end() error { return s.box.Close() }

func (s *Socket) peek() (Message, error) {
	if s.held == nil {
		l, err := s.box.Next()
		if err != nil {
			return Message{}, err
		}
		s.held = &l
	}
	m, err := judge(*s.held)
	if err != nil {
		return Message{}, &RefusedError{PID: s.held.PID, UID: -1, Cause: err}
	}
	return m, nil
}

func (s *Socket) discard() error {
	if s.held == nil {
		return fmt.Errorf("cannot discard a notification on %q: none was looked at", s.path)
	}
	s.held = nil
	return nil
}

func judge(l pipe.Letter) (Message, error) {
	if l.Long {
		return Message{}, fmt.Errorf("it is longer than %d bytes", MaxMessage)
	}
	m, err := Parse(l.Data)
	switch {
	case err != nil:
		return Message{}, err
	case m.wantsBarrier:
		return Message{}, errors.New("BARRIER=1 takes a descriptor, and a pipe carries none (FlushFileBuffers waits until all is read)")
	case m.wantsStore:
		return Message{}, errors.New("FDSTORE=1 takes descriptors, and a pipe carries none")
	}
	m.PID, m.UID = l.PID, -1
	return m, nil
}
