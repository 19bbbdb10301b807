//go:build unix

package fdpass

import (
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

func send(c *net.UnixConn, list []Named) error {
	if len(list) > MaxNamed {
		return fmt.Errorf("cannot send %d descriptors: at most %d go at once", len(list), MaxNamed)
	}
	for first := true; first || len(list) > 0; first = false {
		n := min(len(list), MaxBatch)
		if err := sendBatch(c, list[:n], len(list)-n); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func sendBatch(c *net.UnixConn, list []Named, left int) error {
	names, err := encodeNames(list)
	if err != nil {
		return fmt.Errorf("cannot send a descriptor: %w", err)
	}
	fds, err := enterAll(list)
	if err != nil {
		return err
	}
	defer leaveAll(list)
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	header := batch{count: len(list), left: left, size: len(names)}.encode()
	if n, _, err := c.WriteMsgUnix(header, rights, nil); err != nil || n != len(header) {
		return errors.Join(errors.New("cannot send descriptors"), err)
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := c.Write(names); err != nil {
		return fmt.Errorf("cannot send the names of descriptors: %w", err)
	}
	return nil
}

// enterAll keeps the numbers open until leaveAll.
func enterAll(list []Named) ([]int, error) {
	fds := make([]int, 0, len(list))
	for i, n := range list {
		if err := n.Descriptor.enter(); err != nil {
			leaveAll(list[:i])
			return nil, fmt.Errorf("cannot send descriptor %q: %w", n.Name, err)
		}
		fds = append(fds, n.Descriptor.fd)
	}
	return fds, nil
}

func leaveAll(list []Named) {
	for _, n := range list {
		n.Descriptor.leave()
	}
}

// receiver collects everything that came, and closes it unless the whole list was good.
type receiver struct {
	c    *net.UnixConn
	list []Named
	oob  []byte
}

func receive(c *net.UnixConn) (list []Named, err error) {
	r := &receiver{c: c, oob: make([]byte, unix.CmsgSpace(4*MaxBatch)+64)}
	defer func() {
		if err != nil {
			closeAll(r.list)
		}
	}()
	for left := -1; left != 0; {
		if left, err = r.batch(left); err != nil {
			if err != io.EOF {
				err = fmt.Errorf("cannot receive descriptors: %w", err)
			}
			return nil, err
		}
	}
	return r.list, nil
}

// batch reads one header with its descriptors, and their names.
func (r *receiver) batch(expected int) (left int, err error) {
	before := len(r.list)
	header, err := r.read(frameHeader)
	if err == io.EOF && (expected >= 0 || len(r.list) > before) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, err
	}
	b, err := parseBatch(header, len(r.list)-before, expected)
	if err != nil || b.count == 0 {
		return 0, err
	}
	body, err := r.read(b.size)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, err
	}
	if len(r.list) != before+b.count {
		return 0, fmt.Errorf("%w: descriptors beside the names", errFrame)
	}
	names, err := parseNames(body, b.count)
	if err != nil {
		return 0, err
	}
	for i, name := range names {
		r.list[before+i].Name = name
	}
	return b.left, nil
}

// read reads exactly size bytes and puts every descriptor that comes with them into the list.
func (r *receiver) read(size int) ([]byte, error) {
	buf := make([]byte, size)
	for got := 0; got < size; {
		n, oobn, flags, _, err := r.c.ReadMsgUnix(buf[got:], r.oob)
		if taken := r.take(r.oob[:max(oobn, 0)]); err == nil {
			err = taken
		}
		switch {
		case errors.Is(err, io.EOF) && got == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case flags&unix.MSG_CTRUNC != 0:
			return nil, fmt.Errorf("%w: %w", errFrame, errDropped)
		case flags&unix.MSG_TRUNC != 0:
			return nil, fmt.Errorf("%w: a packet is longer than announced", errFrame)
		}
		got += n
	}
	return buf, nil
}

// take puts everything that came into the list before it is judged.
func (r *receiver) take(oob []byte) error {
	list, err := takeRights(oob)
	for _, d := range list {
		r.list = append(r.list, Named{Descriptor: d})
	}
	return err
}
