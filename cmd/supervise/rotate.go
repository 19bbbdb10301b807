package main

import (
	"os"
	"path/filepath"
)

// rotated is a file that becomes FILE.1, in the place of an older one, before it grows over limit bytes. It belongs to one goroutine.
type rotated struct {
	path  string
	limit int64
	using func(*os.File) // called with each file that is opened, and with nil before that is closed
	file  *os.File
	size  int64
}

// openRotated opens a file to append to; its folder is made.
func openRotated(path string, limit int64, using func(*os.File)) (*rotated, error) {
	r := &rotated{path: path, limit: limit, using: using}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return r, r.open()
}

func (r *rotated) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	r.file, r.size = f, 0
	if info, err := f.Stat(); err == nil {
		r.size = info.Size()
	}
	r.using(f)
	return nil
}

// Write never fails: who writes has nobody else to tell, and must not be held up. What cannot be written is lost, and the next Write
// tries again.
func (r *rotated) Write(p []byte) (int, error) {
	if r.file != nil && r.size > 0 && r.size+int64(len(p)) > r.limit {
		r.Close()
		_ = os.Rename(r.path, r.path+".1") // a reader can stand in the way of that on Windows: then the file grows on
	}
	if r.file == nil && r.open() != nil {
		return len(p), nil
	}
	n, _ := r.file.Write(p)
	r.size += int64(n)
	return len(p), nil
}

// Close closes the file; a Write after it opens it again.
func (r *rotated) Close() error {
	if r.file == nil {
		return nil
	}
	r.using(nil)
	err := r.file.Close()
	r.file = nil
	return err
}
