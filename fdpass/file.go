package fdpass

import "os"

// ToFile makes an os.File of d, which is used up: the file owns the number from here on. A description that is
// O_NONBLOCK waits in Go's poller. The error is os.ErrClosed when d is closed or in use.
func ToFile(d *Descriptor, name string) (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.users > 0 {
		return nil, os.ErrClosed
	}
	d.closed = true
	return os.NewFile(uintptr(d.fd), name), nil
}
