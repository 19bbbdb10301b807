//go:build !linux && !windows

package channel

import (
	"errors"
	"os"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

var errUnsupported = errors.New("not supported on this system")

func pair(bool) (*os.File, *fdpass.Descriptor, error) { return nil, nil, errUnsupported }

func content([]byte) (*fdpass.Descriptor, error) { return nil, errUnsupported }

func (l *listener) peek(int) ([]byte, bool, error) { return nil, false, errUnsupported }

func (l *listener) discard(int, int) error { return errUnsupported }
