package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// What texts call it, and whom they name.
const (
	scheme  = "pipe://" // of a control address
	thing   = "pipe"
	allowed = "its user, Administrators, SYSTEM"
)

func listen(p Place) (*Listener, error) {
	if !pipe.IsPath(p.Path) {
		return nil, fmt.Errorf("cannot use control address %q: on windows it is a named pipe, give pipe://NAME", p.Path)
	}
	l, err := pipe.Listen(p.Path, pipe.Options{Group: p.Group})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, whoRuns(p.Path, err)
	}
	if err != nil {
		return nil, err
	}
	if p.Note != "" {
		if err := os.WriteFile(p.Note, []byte(p.Path), 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot leave a note of the control pipe: %w", err), l.Close())
		}
	}
	return &Listener{Listener: l, note: p.Note}, nil
}

// restore has nothing to make one of: a pipe ends with the process that made it.
func restore(p Place, d *fdpass.Descriptor) (*Listener, error) {
	_ = d.Close()
	return nil, fmt.Errorf("cannot take over control address %q: not supported on windows", p.Path)
}

// Listener is an open control pipe.
type Listener struct {
	net.Listener
	note string    // to remove; "" for none
	once sync.Once // the note is removed
}

// Close removes the note, and ends Accept and the pipe. Who listens next has the pipe first and leaves its note then, which must stay.
func (l *Listener) Close() error {
	var err error
	l.once.Do(func() {
		if l.note != "" {
			err = os.Remove(l.note)
		}
	})
	return errors.Join(err, l.Listener.Close())
}

// Descriptor is nil: a pipe is no socket that could be held elsewhere.
func (*Listener) Descriptor() *fdpass.Descriptor { return nil }
