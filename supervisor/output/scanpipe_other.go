//go:build !linux

package output

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
)

func scanPipe(r, _ *os.File, emit func(string)) error { return Scan(r, emit) }

func awaitLine(r *os.File) error {
	buf := make([]byte, 256)
	for {
		n, err := r.Read(buf)
		switch {
		case bytes.IndexByte(buf[:n], '\n') >= 0:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

func newMemory(name string) (*os.File, error) {
	return nil, fmt.Errorf("cannot make memory file %q: not supported on %s yet", name, runtime.GOOS)
}
