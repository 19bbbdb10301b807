package fdpass

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

func restore(spec Spec, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: spec}
	if err := d.Use(func(fd int) error { return s.adopt(fd) }); err != nil {
		_ = d.Close()
		failed := newOpenError(spec, "restore", err)
		if failed.Op == "restore" && failed.Advice == "" {
			failed.Advice = "hand over a socket as the listener is configured, or none for this name"
		}
		return nil, failed
	}
	return s, nil
}

// adopt checks first and changes only what has passed.
func (s *Socket) adopt(fd int) (err error) {
	if s.kind, s.address, err = inspect(fd, s.spec); err != nil {
		return err
	}
	if s.warnings, err = applyLive(fd, s.kind, s.spec); err != nil {
		return err
	}
	s.paused = isPaused(fd)
	if s.spec.Address.hasFile() {
		s.file = adoptFile(fd, s.spec)
	}
	if !s.spec.Address.listens() {
		return nil
	}
	return s.relistenAs(fd)
}

// relistenAs calls listen(2) with the configured backlog.
func (s *Socket) relistenAs(fd int) error {
	if err := listen(fd, s.spec.Backlog); err != nil {
		return newOpenError(s.spec, "listen", err)
	}
	s.warnings = append(s.warnings, backlogWarnings(fd, s.spec)...)
	return nil
}

// inspect says what fd is, or how it differs from spec.
func inspect(fd int, spec Spec) (kind, Address, error) {
	if spec.Address.Network == "fifo" {
		return kind{}, spec.Address, inspectFIFO(fd, spec)
	}
	is, address, err := inspectPlace(fd, spec)
	if err != nil {
		return is, address, err
	}
	return is, address, inspectListening(fd, spec, is)
}

// inspectPlace says what fd is and where it is bound, or how that differs from spec.
func inspectPlace(fd int, spec Spec) (kind, Address, error) {
	wanted, err := kinds(spec)
	if err != nil {
		return kind{}, Address{}, err
	}
	is, err := kindOf(fd)
	if err != nil {
		return kind{}, Address{}, err
	}
	expected, ok := pick(wanted, is)
	if !ok {
		return is, Address{}, fmt.Errorf("it is %s, expected was %s", is, wanted[0])
	}
	address, err := addressOf(fd, spec.Address.Network)
	if err != nil {
		return is, address, err
	}
	if !sameAddress(address, spec.Address, expected) {
		return is, address, fmt.Errorf("it is bound to %s", address)
	}
	return is, address, nil
}

func kindOf(fd int) (k kind, err error) {
	for _, q := range []struct {
		opt int
		to  *int
	}{{unix.SO_TYPE, &k.typ}, {unix.SO_DOMAIN, &k.domain}, {unix.SO_PROTOCOL, &k.proto}} {
		if *q.to, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, q.opt); err != nil {
			return k, err
		}
	}
	return k, nil
}

// pick finds what was wanted among what is: family and type must agree, and multipath TCP is another protocol than TCP.
func pick(wanted []kind, is kind) (kind, bool) {
	for _, w := range wanted {
		if w.domain == is.domain && w.typ == is.typ && (w.proto == unix.IPPROTO_MPTCP) == (is.proto == unix.IPPROTO_MPTCP) {
			return w, true
		}
	}
	return kind{}, false
}

// String gives "an IPv6 stream socket".
func (k kind) String() string {
	family := map[int]string{unix.AF_INET: "an IPv4", unix.AF_INET6: "an IPv6", unix.AF_UNIX: "a unix", unix.AF_VSOCK: "a vsock"}[k.domain]
	if family == "" {
		family = fmt.Sprintf("a family %d", k.domain)
	}
	typ := map[int]string{unix.SOCK_STREAM: "stream", unix.SOCK_DGRAM: "datagram", unix.SOCK_SEQPACKET: "seqpacket"}[k.typ]
	if typ == "" {
		typ = fmt.Sprintf("type %d", k.typ)
	}
	if k.proto == unix.IPPROTO_MPTCP {
		typ = "multipath TCP"
	}
	return family + " " + typ + " socket"
}

// sameAddress compares by meaning: the wildcard has several spellings, and a configured port 0 is any port.
func sameAddress(is, spec Address, k kind) bool {
	if spec.Port != 0 && is.Port != spec.Port || is.Path != spec.Path {
		return false
	}
	if !spec.isIP() {
		return spec.Host == "" || is.Host == spec.Host
	}
	want, err := spec.sockaddr(k.domain)
	return err == nil && fromSockaddr(want, spec.Network).Host == is.Host
}

func inspectListening(fd int, spec Spec, is kind) error {
	if is.domain == unix.AF_INET6 {
		only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		wanted := strings.HasSuffix(spec.Address.Network, "6") || isTrue(spec.Options.IPv6Only)
		ip, _ := spec.Address.ip()
		if err == nil && ip.IsUnspecified() && (only != 0) != wanted {
			return fmt.Errorf("it has ipv6_only = %t", only != 0)
		}
	}
	if isShut(fd) && spec.Address.listens() && !spec.Address.isTCP() {
		return errors.New("a process called shutdown(2) on it, which is for ever")
	}
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	switch {
	case err != nil:
		return err
	case spec.Address.listens() && accepts == 0:
		return errors.New("it is not listening")
	}
	return nil
}

func inspectFIFO(fd int, spec Spec) error {
	var st, at unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return errors.New("it is not a fifo")
	}
	if unix.Stat(spec.Address.Path, &at) == nil && (at.Ino != st.Ino || at.Dev != st.Dev) {
		return errors.New("it is another fifo than the one at this path")
	}
	return nil
}

// adoptFile finds the file of a socket that an earlier life of ours, or systemd, made. It is ours to unlink and to link
// back only when its hidden name shows that we made it; nil otherwise.
func adoptFile(fd int, spec Spec) *socketFile {
	aside := asideOf(spec.Address.Path)
	id, _, err := identify(aside)
	if err != nil || !isInode(fd, spec.Address, id) {
		return nil
	}
	return &socketFile{path: spec.Address.Path, aside: aside, id: id}
}

func (s *Socket) ownPath(fd int) error {
	f := findFile(fd, s.spec.Address)
	if f.id == (fileID{}) {
		return fmt.Errorf("cannot keep path %q of listener %q: what lies there is not its socket", f.path, s.spec.Name)
	}
	if op, err := f.setOwnership(s.spec); err != nil {
		return newOpenError(s.spec, op, err)
	}
	s.file = f
	return nil
}

// isInode says whether the socket fd is bound to the inode. fstat(2) of a unix socket gives another number; sock_diag
// gives the file's, cut to 32 bits, and a device that overlay file systems do not share with stat(2).
func isInode(fd int, a Address, id fileID) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return false
	}
	if a.Network == "fifo" {
		return fileID{uint64(st.Dev), st.Ino} == id
	}
	m, err := unixSocket(uint32(st.Ino))
	return err == nil && m.vfsInode == uint32(id.ino)
}

// matches says whether d is what spec describes.
func matches(d *Descriptor, spec Spec) bool {
	return d.Use(func(fd int) error {
		_, _, err := inspect(fd, spec)
		return err
	}) == nil
}
