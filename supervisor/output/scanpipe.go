package output

import "os"

// ScanPipe is Scan for a worker's pipe whose reader may be killed at any instant: the next ScanPipe of the same r and rest, in
// whatever process, goes on where this one was, and every line is emitted. The lines of one read may come twice: 2 KiB, or one longer line.
//
// rest is an empty file from fdpass.NewMemory that outlives this process, as r does. Bytes go from the pipe into it within the kernel
// (splice(2)) and leave it when emit has returned for their line; the beginning of a line waits there for its end.
// It must not be left in the pipe: the poller does not hear of a write that finds something in the pipe and then blocks
// because it is full, so worker and reader would wait for each other. A nil rest, or one that the kernel cannot write to
// (RLIMIT_FSIZE), means that bytes wait in memory.
//
// r is a pipe in Go's poller (fdpass.Pipe). Closing it ends ScanPipe with os.ErrClosed and leaves an incomplete line for the next
// one. Both files stay the caller's. There must be one reader at a time.
//
// Elsewhere than on Linux ScanPipe is Scan.
func ScanPipe(r, rest *os.File, emit func(text string)) error {
	if rest == nil {
		return Scan(r, emit)
	}
	return scanPipe(r, rest, emit)
}
