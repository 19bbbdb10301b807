//go:build !linux

package output

import "os"

func scanPipe(r, _ *os.File, emit func(string)) error { return Scan(r, emit) }
