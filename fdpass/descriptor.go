package fdpass

import (
	"os"
	"sync"
)

// Descriptor is one open descriptor that this process owns. Closing it closes the number, not what other processes
// hold of the same open file description. It is safe for concurrent use.
type Descriptor struct {
	mu     sync.Mutex
	fd     int
	users  int  // running calls of Use
	closed bool // no further Use; the last running one closes
}

// NewDescriptor owns fd from here on and sets its close-on-exec flag.
func NewDescriptor(fd int) *Descriptor {
	closeOnExec(fd)
	return &Descriptor{fd: fd}
}

// FromFile gives a duplicate of f's descriptor; the caller still owns f. Unlike f.Fd it leaves the O_NONBLOCK flag,
// which all holders of the description share, as it is.
func FromFile(f *os.File) (*Descriptor, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return duplicateRaw(raw)
}

// Use runs f with the number, which stays open and ours until f returns, also when Close is called meanwhile.
func (d *Descriptor) Use(f func(fd int) error) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	return f(d.fd)
}

func (d *Descriptor) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return os.ErrClosed
	}
	d.users++
	return nil
}

// leave closes the number when Close came while the last user was running.
func (d *Descriptor) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users--
	if d.closed && d.users == 0 {
		_ = closeFD(d.fd)
	}
}

// Dup gives a second descriptor of the same open file description (fcntl(2), F_DUPFD_CLOEXEC; WSADuplicateSocket or
// DuplicateHandle): file flags such as O_NONBLOCK, options and the listening state are shared. The caller owns it.
func (d *Descriptor) Dup() (*Descriptor, error) {
	var dup *Descriptor
	err := d.Use(func(fd int) error {
		n, err := duplicate(fd)
		if err != nil {
			return err
		}
		dup = &Descriptor{fd: n}
		return nil
	})
	return dup, err
}

// Close gives the number back to the kernel, at once or when the last running Use returns. A second Close is
// os.ErrClosed.
func (d *Descriptor) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return os.ErrClosed
	}
	d.closed = true
	if d.users > 0 {
		return nil
	}
	return closeFD(d.fd)
}

// CloseForeign is Close for what another program has stored here: where the kernel could make the one who closes wait for that program's
// peer, it is done in the background.
func (d *Descriptor) CloseForeign() {
	waits := false
	_ = d.Use(func(fd int) error {
		waits = lingers(fd)
		return nil
	})
	if waits {
		go d.Close()
		return
	}
	_ = d.Close()
}

// Pipe makes a pipe whose reading end waits in Go's poller, so that closing r interrupts a Read, and whose writing end
// is blocking, as a child expects its output to be. The caller owns both.
func Pipe() (r *os.File, w *Descriptor, err error) { return pipe() }
