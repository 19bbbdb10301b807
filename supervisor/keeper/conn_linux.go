package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// errDescriptorLimit is what became of descriptors for which there was no room
// (RLIMIT_NOFILE): the kernel has dropped them.
var errDescriptorLimit = errors.New("the keeper has reached its limit of open files (raise LimitNOFILE)")

// conn is one end of the pair of sockets. Any number may send; one may receive.
// It waits in Go's poller.
type conn struct{ file *os.File }

// newConn owns fd.
func newConn(fd int) *conn {
	unix.CloseOnExec(fd)
	return &conn{pollable(fd, "keeper")}
}

// pair makes a conn and the descriptor of its other end, which the caller owns.
func pair() (*conn, int, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, os.NewSyscallError("socketpair", err)
	}
	return newConn(fds[0]), fds[1], nil
}

func (c *conn) close() { _ = c.file.Close() }

// hangUp ends the conversation: both sides still read what was sent before, and
// then the end.
func (c *conn) hangUp() {
	_ = useFile(c.file, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) })
}

// send writes one packet with descriptors beside it, and blocks as long as the
// other side does not read.
func (c *conn) send(v any, fds []int) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it would make a name six times as long
	if err := e.Encode(v); err != nil {
		return err
	}
	if b.Len() > maxPacket {
		return fmt.Errorf("its description has %d bytes, at most %d are allowed", b.Len(), maxPacket)
	}
	if len(fds) > maxRights {
		return fmt.Errorf("%d descriptors are too many, at most %d go at once", len(fds), maxRights)
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	return c.write(b.Bytes(), rights)
}

func (c *conn) write(b, rights []byte) error {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		for {
			failed = unix.Sendmsg(int(fd), b, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("sendmsg", failed)
}

// packet is what was received. Whoever has it owns the descriptors.
type packet struct {
	body    []byte // in the buffer that was given
	beside  []*fdpass.Descriptor
	dropped bool // descriptors were lost: see errDescriptorLimit
}

func (p packet) close() { closeAll(p.beside) }

func closeAll(list []*fdpass.Descriptor) {
	for _, d := range list {
		if d != nil {
			_ = d.Close()
		}
	}
}

// receive waits for a packet. buf must have room for more than maxPacket. io.EOF
// says that the other side is gone.
func (c *conn) receive(buf []byte) (packet, error) {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return packet{}, err
	}
	oob := make([]byte, unix.CmsgSpace(4*maxRights))
	var n, oobn, flags int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, oobn, flags, _, failed = unix.Recvmsg(int(fd), buf, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	})
	if err != nil || failed != nil {
		return packet{}, errors.Join(err, os.NewSyscallError("recvmsg", failed))
	}
	// Taken before any judgement: the kernel has put them into this process already.
	p := packet{body: buf[:n], beside: takeRights(oob[:oobn]), dropped: flags&unix.MSG_CTRUNC != 0}
	switch {
	case n == 0:
		p.close()
		return packet{}, io.EOF
	case flags&unix.MSG_TRUNC != 0:
		p.close()
		return packet{}, fmt.Errorf("%w: it is longer than %d bytes", errPacket, maxPacket)
	}
	return p, nil
}

// takeRights owns every descriptor that came along.
func takeRights(oob []byte) (list []*fdpass.Descriptor) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // credentials, which nobody asked for
		}
		for _, fd := range fds {
			list = append(list, fdpass.NewDescriptor(fd))
		}
	}
	return list
}

// useFile runs f with the number of a file in the poller, which stays open meanwhile.
func useFile(file *os.File, f func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
