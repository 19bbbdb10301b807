//go:build !linux

package diag

import (
	"fmt"
	"runtime"
)

func inet(uint32, []uint16, func(socket)) error { return notSupported() }

func unixStreams(func(uint32, string)) error { return notSupported() }

func held(int) ([]uint64, error) { return nil, notSupported() }

func notSupported() error { return fmt.Errorf("not supported on %s", runtime.GOOS) }
