//go:build !linux

package fdpass

import (
	"fmt"
	"os"
	"runtime"
)

func newMemory(name string) (*os.File, error) {
	return nil, fmt.Errorf("cannot make memory file %q: not supported on %s yet", name, runtime.GOOS)
}
