//go:build !windows

package fdpass

import (
	"errors"
	"fmt"
)

// errWindows is what the Windows-only operations answer elsewhere.
var errWindows = errors.New("supported on windows only, other systems send descriptors over a unix socket")

func export(_ *Descriptor, pid int) ([]byte, error) {
	return nil, fmt.Errorf("cannot make a duplicate of a socket for process %d: %w", pid, errWindows)
}

func importSocket([]byte) (*Descriptor, error) {
	return nil, fmt.Errorf("cannot open the duplicate of a socket: %w", errWindows)
}

func (d *Descriptor) handle() uintptr { return 0 }
