//go:build !linux && !windows

package notify

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func errUnsupported(path string) error {
	return fmt.Errorf("cannot listen for notifications on %q on %s: %w", path, runtime.GOOS, errors.ErrUnsupported)
}

// state is nothing on this system.
type state struct{}

func place(folder string) string { return folder + ".notify" }

func listen(path string, _ int) (*Socket, error) { return nil, errUnsupported(path) }

func restore(path string, f *os.File) (*Socket, error) {
	_ = f.Close()
	return nil, errUnsupported(path)
}

func (s *Socket) duplicate() (*os.File, error) { return nil, errUnsupported(s.path) }

func (s *Socket) finish() {}

func (s *Socket) end() error { return nil }

func (s *Socket) peek() (Message, error) { return Message{}, errUnsupported(s.path) }

func (s *Socket) discard() error { return errUnsupported(s.path) }
