package notify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// controlSize has room for the credentials and for SCM_MAX_FD descriptors, the most that one message carries (unix(7)).
var controlSize = unix.CmsgSpace(unix.SizeofUcred) + unix.CmsgSpace(253*4)

// datagram is what recvmsg(2) gave, before anybody judges it.
type datagram struct {
	data    []byte
	control []byte
	flags   int
}

// parcel is what came beside the text. The descriptors are ours as soon as recvmsg returns.
type parcel struct {
	from        *unix.Ucred
	descriptors []int
}

func (p *parcel) closeAll() {
	for _, fd := range p.descriptors {
		_ = unix.Close(fd)
	}
	p.descriptors = nil
}

func (s *Socket) peek() (Message, error) {
	var d datagram
	err := s.wait(func(fd int) (err error) {
		d = newDatagram() // not before there is something: most workers are silent for days
		return d.recvmsg(fd, unix.MSG_PEEK|unix.MSG_CMSG_CLOEXEC)
	})
	if err != nil {
		return Message{}, err
	}
	s.peeked = true
	p, err := unpack(d)
	defer p.closeAll()
	m, err := judge(d, p, err)
	if err != nil {
		refused := &RefusedError{PID: -1, UID: -1, Cause: err}
		if p.from != nil {
			refused.PID, refused.UID = int(p.from.Pid), int(p.from.Uid)
		}
		return Message{}, refused
	}
	return m, nil
}

// discard offers no room: what does not fit is gone (recv(2)), and its descriptors are never installed.
func (s *Socket) discard() error {
	if !s.peeked {
		return fmt.Errorf("cannot discard a notification on %q: none was looked at", s.path)
	}
	s.peeked = false
	return s.wait(func(fd int) error {
		var none datagram
		return none.recvmsg(fd, 0)
	})
}

// wait does take when there is a datagram. It waits in the poller.
func (s *Socket) wait(take func(fd int) error) error {
	c, err := s.file.SyscallConn()
	if err == nil {
		var inner error
		err = c.Read(func(fd uintptr) bool {
			if !readable(int(fd)) {
				return false
			}
			inner = take(int(fd))
			return inner != unix.EAGAIN
		})
		if errors.Is(err, os.ErrDeadlineExceeded) && s.finished.Load() {
			err = c.Control(func(fd uintptr) {
				if inner = io.EOF; readable(int(fd)) {
					inner = take(int(fd))
				}
			})
		}
		err = cmp.Or(err, inner)
	}
	switch {
	case err == io.EOF || err != nil && s.closed.Load():
		return io.EOF
	case err != nil:
		return fmt.Errorf("cannot receive notifications on %q: %w", s.path, err)
	}
	return nil
}

func readable(fd int) bool {
	list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(list, 0)
	return n > 0 || err != nil // recvmsg says what is wrong
}

// newDatagram: with one byte more than we accept a message of exactly MaxMessage and a NUL fits.
func newDatagram() datagram {
	return datagram{data: make([]byte, MaxMessage+1), control: make([]byte, controlSize)}
}

func (d *datagram) recvmsg(fd, flags int) error {
	for {
		n, oob, got, _, err := unix.Recvmsg(fd, d.data, d.control, flags|unix.MSG_DONTWAIT)
		switch err {
		case nil:
			d.data, d.control, d.flags = d.data[:n], d.control[:oob], got
			return nil
		case unix.EINTR:
			// The poller reports edges: going back to it with a message still queued could wait for ever.
		default:
			return err
		}
	}
}

// unpack collects everything that the kernel has installed, whatever else is wrong.
func unpack(d datagram) (*parcel, error) {
	p := &parcel{}
	messages, err := unix.ParseSocketControlMessage(d.control)
	for _, m := range messages {
		if m.Header.Level != unix.SOL_SOCKET {
			continue
		}
		switch m.Header.Type {
		case unix.SCM_RIGHTS:
			list, e := unix.ParseUnixRights(&m)
			p.descriptors = append(p.descriptors, list...)
			err = errors.Join(err, e)
		case unix.SCM_CREDENTIALS:
			from, e := unix.ParseUnixCredentials(&m)
			p.from = from
			err = errors.Join(err, e)
		}
	}
	return p, err
}

// judge turns what was collected into a message; err is what collecting it ran into. It takes the descriptor of a barrier
// and those to store out of p; the others stay there to be closed.
func judge(d datagram, p *parcel, err error) (Message, error) {
	switch {
	case err != nil:
		return Message{}, err
	case p.from == nil:
		return Message{}, errors.New("the kernel did not say who sent it")
	case d.flags&unix.MSG_TRUNC != 0:
		return Message{}, fmt.Errorf("it is longer than %d bytes", MaxMessage)
	case d.flags&unix.MSG_CTRUNC != 0:
		return Message{}, errors.New("descriptors were lost (our limit of open files is reached, or it carries too much)")
	}
	m, err := Parse(d.data)
	if err != nil {
		return Message{}, err
	}
	m.PID, m.UID = int(p.from.Pid), int(p.from.Uid)
	if m.wantsStore {
		for _, fd := range p.descriptors {
			m.Store = append(m.Store, fdpass.NewDescriptor(fd))
		}
		p.descriptors = nil
	}
	if !m.wantsBarrier {
		m.Dropped = len(p.descriptors)
		return m, nil
	}
	if len(p.descriptors) != 1 {
		return Message{}, fmt.Errorf("BARRIER=1 came with %d descriptors instead of one", len(p.descriptors))
	}
	m.Barrier = &barrier{fd: p.descriptors[0]}
	p.descriptors = nil
	return m, nil
}

// barrier closes a raw descriptor: it may be of any kind, and an os.File could block or do more than close(2).
type barrier struct {
	once sync.Once
	fd   int
}

func (b *barrier) Close() error {
	var err error
	b.once.Do(func() { err = unix.Close(b.fd) })
	return err
}
