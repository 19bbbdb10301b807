//go:build !linux

package output

import (
	"bytes"
	"io"
	"os"
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
