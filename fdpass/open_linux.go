package fdpass

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// opener carries one Open through its steps. What it has made so far is undone by discard.
type opener struct {
	spec     Spec
	kind     kind
	share    bool        // bind beside our own old socket
	beside   *Descriptor // bind beside this one, which listens (SO_REUSEPORT); nil: there is none
	fd       int         // -1: none yet
	file     *socketFile // nil: none yet
	address  Address
	warnings []string
}

func open(spec Spec) (*Socket, error) {
	o := &opener{spec: spec, fd: -1}
	if err := o.run(); err != nil {
		o.discard()
		return nil, err
	}
	return o.socket(), nil
}

func (o *opener) run() error {
	if o.spec.Address.Network == "fifo" {
		return o.openFIFO()
	}
	for _, step := range []func() error{o.create, o.setOptions, o.bind, o.listen} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (o *opener) socket() *Socket {
	return &Socket{
		d: &Descriptor{fd: o.fd}, spec: o.spec, address: o.address, file: o.file, kind: o.kind, warnings: o.warnings,
	}
}

func (o *opener) discard() {
	if o.fd >= 0 {
		_ = unix.Close(o.fd)
	}
	o.file.remove()
}

// fail makes the error of a step: a system call's errno, or a fault of the specification.
func (o *opener) fail(op string, err error) error { return newOpenError(o.spec, op, err) }

func newOpenError(spec Spec, op string, err error) *OpenError {
	if already := (*OpenError)(nil); errors.As(err, &already) {
		return already
	}
	e := &OpenError{Name: spec.Name, Address: spec.Address, Op: op, Cause: err.Error()}
	if errors.As(err, &e.Err) {
		e.Cause, e.Advice = explain(spec, op, e.Err)
	}
	return e
}

// create tries the kinds in turn. Only a kernel without the family makes it go on to the next.
func (o *opener) create() error {
	list, err := kinds(o.spec)
	if err != nil {
		return o.fail("socket", err)
	}
	for _, k := range list {
		o.kind = k
		o.fd, err = unix.Socket(k.domain, k.typ|unix.SOCK_CLOEXEC, k.proto)
		if !errors.Is(err, unix.EAFNOSUPPORT) {
			break
		}
	}
	if err != nil {
		return o.fail("socket", err)
	}
	return nil
}

// setOptions sets what must be set before bind(2). It makes TCP addresses reusable, so that connections of the past in
// TIME_WAIT are no obstacle (ip(7)); for UDP the same option would let two sockets share the address.
func (o *opener) setOptions() error {
	if o.spec.Address.isTCP() || o.share {
		if err := share(o.fd); err != nil {
			return o.fail("socket", err)
		}
	}
	if o.beside != nil {
		if err := shareLate(o.fd, o.spec); err != nil {
			return err
		}
		if err := ownLike(o.fd, o.beside); err != nil {
			return o.fail("reuse_port", err)
		}
	}
	warnings, err := o.prepare(o.fd)
	o.warnings = append(o.warnings, warnings...)
	return err
}

// prepare sets the options of the specification. An IPv6 wildcard is told whether it takes IPv4, and not left to
// net.ipv6.bindv6only.
func (o *opener) prepare(fd int) (warnings []string, err error) {
	if o.kind.domain == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, o.onlyIPv6()); err != nil {
			return nil, o.fail("ipv6_only", err)
		}
	}
	return applyOptions(fd, o.kind, o.spec)
}

func (o *opener) onlyIPv6() int {
	if strings.HasSuffix(o.spec.Address.Network, "6") || isTrue(o.spec.Options.IPv6Only) {
		return 1
	}
	return 0
}

func (o *opener) bind() error {
	var err error
	switch {
	case o.kind.domain == unix.AF_UNIX:
		err = o.bindUnix()
	case o.spec.Address.isTCP() && o.spec.Address.Port == 0:
		err = o.bindAnyPort()
	default:
		err = o.bindTo(o.fd, o.spec.Address)
	}
	if err != nil {
		return o.fail("bind", err)
	}
	if o.share {
		_ = unshare(o.fd)
	}
	// Not before bind(2): that would not be refused beside a socket of another program that has it too.
	if err := shareLate(o.fd, o.spec); err != nil {
		return err
	}
	if o.address, err = addressOf(o.fd, o.spec.Address.Network); err != nil {
		return o.fail("bind", err)
	}
	return nil
}

func (o *opener) bindTo(fd int, a Address) error {
	sa, err := a.sockaddr(o.kind.domain)
	if err != nil {
		return err
	}
	return unix.Bind(fd, sa)
}

// bindAnyPort lets the kernel choose a port for a scout socket and then binds ours to that port by number. The kernel
// gives a port that it chose itself away at shutdown(2), and listen(2) then takes another: only a port bound by number
// survives a worker's shutdown. The scout is made reusable only after its bind(2), because looking for a port that is
// free or reusable takes the kernel ten times longer; then both are, and the scout keeps the port until ours has it.
func (o *opener) bindAnyPort() error {
	scout, err := unix.Socket(o.kind.domain, o.kind.typ|unix.SOCK_CLOEXEC, o.kind.proto)
	if err != nil {
		return err
	}
	defer unix.Close(scout)
	if _, err := o.prepare(scout); err != nil {
		return err
	}
	if err := o.bindTo(scout, o.spec.Address); err != nil {
		return err
	}
	chosen, err := addressOf(scout, o.spec.Address.Network)
	if err := errors.Join(err, share(scout)); err != nil {
		return err
	}
	a := o.spec.Address
	a.Port = chosen.Port
	return o.bindTo(o.fd, a)
}

func (o *opener) listen() error {
	if !o.spec.Address.listens() {
		return nil
	}
	if err := listen(o.fd, o.spec.Backlog); err != nil {
		return o.fail("listen", err)
	}
	o.warnings = append(o.warnings, backlogWarnings(o.fd, o.spec)...)
	return nil
}
