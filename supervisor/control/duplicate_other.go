//go:build !unix

package control

import (
	"errors"
	"os"
	"runtime"
)

func duplicate(int) (*os.File, error) {
	return nil, errors.New("control sockets are not supported on " + runtime.GOOS + " yet")
}
