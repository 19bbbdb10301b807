package output

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// gulp is how much is moved at a time, the size of a pipe (pipe(7)).
	gulp = 64 << 10

	// smallWaste is how much that is gone a rest may hold: one page.
	smallWaste = 4 << 10
)

func scanPipe(r, rest *os.File, emit func(text string)) error {
	p, err := newPipeReader(r, rest)
	if err != nil {
		return err
	}
	p.scanner.emit = emit
	if err := p.scanner.scan(p); err != io.EOF {
		return err
	}
	p.scanner.flush()
	return p.rest.clear()
}

// pipeReader reads a pipe by way of a spool.
type pipeReader struct {
	scanner scanner // reads from us; what it has not emitted is the content of rest, up to next
	pipe    *os.File
	raw     syscall.RawConn // of pipe
	rest    spool
	out     syscall.RawConn // of rest
	next    int64           // first byte of rest that the scanner has not got
	direct  bool            // what the scanner holds is not in rest
}

func newPipeReader(r, rest *os.File) (*pipeReader, error) {
	p := &pipeReader{pipe: r}
	var err error
	if p.rest, err = openSpool(rest); err != nil {
		return nil, err
	}
	if err = p.rest.settle(); err != nil {
		return nil, err
	}
	p.next = p.rest.begin
	if p.out, err = rest.SyscallConn(); err != nil {
		return nil, err
	}
	p.raw, err = r.SyscallConn()
	return p, err
}

// Read implements io.Reader for the scanner.
func (p *pipeReader) Read(b []byte) (int, error) {
	if p.next == p.rest.end {
		if n, err := p.refill(b); n > 0 || err != nil {
			return n, err
		}
	} else if err := p.settle(); err != nil {
		return 0, err
	}
	b = b[:min(int64(len(b)), p.rest.end-p.next)]
	n, err := p.rest.f.ReadAt(b, p.next)
	p.next += int64(n)
	return n, err
}

// refill waits for bytes to come into rest. When the kernel cannot put them there they come into b: the worker must be able to
// print. At the beginning of a line rest is tried again.
func (p *pipeReader) refill(b []byte) (int, error) {
	if !p.direct || p.scanner.end == 0 {
		p.direct = false
		err := p.settle()
		if err == nil {
			err = p.move()
		}
		var broken syscall.Errno
		if !errors.As(err, &broken) {
			return 0, err
		}
		p.direct = true
		_ = p.rest.clear() // what was in it is in the scanner
		p.rewind()
	}
	return p.pipe.Read(b)
}

// settle lets go of what was emitted.
func (p *pipeReader) settle() error {
	left := p.scanner.buf[:p.scanner.end]
	begin := p.next - int64(len(left))
	switch {
	case begin == p.rest.end:
		defer p.rewind()
		return p.rest.clear()
	case begin > p.rest.begin:
		if err := p.rest.moveTo(begin); err != nil {
			return err
		}
	}
	if p.next < p.rest.end || begin < int64(max(len(left)+1, smallWaste)) {
		return nil
	}
	defer p.rewind()
	return p.rest.restart(left)
}

// rewind is needed when all of rest has been read and it has become shorter.
func (p *pipeReader) rewind() { p.next = p.rest.end }

// move takes what is in the pipe, or waits for it. The kernel writes bytes to the file before it takes them out of the pipe, and
// a signal comes before or after that.
func (p *pipeReader) move() error {
	var n int64
	var err error
	wait := p.raw.Read(func(in uintptr) bool {
		control := p.out.Control(func(out uintptr) { n, err = splice(int(in), int(out), p.rest.end) })
		if control != nil {
			err = control
		}
		return err != unix.EAGAIN
	})
	switch {
	case wait != nil:
		return closedOr(p.pipe, wait)
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	p.rest.end += n
	return nil
}

func splice(in, out int, at int64) (int64, error) {
	for {
		n, err := unix.Splice(in, nil, out, &at, gulp, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		if err != unix.EINTR {
			return int64(n), err
		}
	}
}

// closedOr is the error of a closed f in the words that os.ErrClosed stands for, which raw connections do not use, else err.
func closedOr(f *os.File, err error) error {
	if _, closed := f.Read(nil); closed != nil {
		return closed
	}
	return err
}
