package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// File takes the lines of output = "file://PATH": as the worker wrote them, without prefix. It is safe for concurrent use.
type File struct {
	path string

	mu      sync.Mutex
	file    *os.File
	failing bool
	lost    int    // lines since the last one written
	cause   error  // why
	torn    bool   // the last write left a part of a line behind
	buf     []byte // kept between lines
}

// NewFile opens path for appending and creates it with mode 0640 (less the umask; on Windows with what its folder gives). Its
// folder must exist. The caller owns the File.
func NewFile(path string) (*File, error) {
	f := &File{path: path}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Path is the path given to NewFile.
func (f *File) Path() string { return f.path }

// Append writes one line with one write(2). Of a series of failures (ENOSPC, EIO) only the first is returned, for the log; the lines
// are lost. The first line that can be written again is preceded by one that says how many were.
func (f *File) Append(text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.file.Write(f.format(text))
	if err == nil {
		f.failing, f.lost, f.torn = false, 0, false
		return nil
	}
	f.lost++
	f.torn = f.torn || n > 0
	f.cause = err
	if f.failing {
		return nil
	}
	f.failing = true
	return fmt.Errorf("cannot write output to %q: %w (lines are lost until it works again)", f.path, cause(err))
}

func (f *File) format(text string) []byte {
	b := f.buf[:0]
	if f.torn {
		b = append(b, '\n')
	}
	if f.lost > 0 {
		b = fmt.Appendf(b, "(%d lines lost: %v)\n", f.lost, cause(f.cause))
	}
	b = append(append(b, text...), '\n')
	if cap(b) <= MaxLine/8 {
		f.buf = b
	}
	return b
}

// Reopen opens the path anew, for logrotate, which has renamed the file. If that fails the old one stays in use.
func (f *File) Reopen() error {
	file, err := openFile(f.path)
	if errors.Is(err, fs.ErrNotExist) { // it would have been made
		return fmt.Errorf("cannot open output file %q: %w (make its folder first)", f.path, cause(err))
	}
	if err != nil {
		return fmt.Errorf("cannot open output file %q: %w", f.path, cause(err))
	}
	f.mu.Lock()
	old := f.file
	f.file, f.torn = file, false
	f.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	return nil
}

// Close closes the file. Append fails from then on.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}

// cause leaves out what os.PathError adds: we name the path ourselves.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
