package fdpass

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

func restore(spec Spec, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: spec, listened: spec.Backlog}
	if err := d.Use(func(fd int) error { return s.adopt(windows.Handle(fd)) }); err != nil {
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
func (s *Socket) adopt(h windows.Handle) (err error) {
	if err := checkOptions(s.spec); err != nil {
		return err
	}
	if s.kind, s.address, err = inspect(h, s.spec); err != nil {
		return err
	}
	return applyOptions(h, s.kind, s.spec)
}

func recoverSocket(id Identity, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: id.Spec, address: id.Address, warnings: id.Warnings, listened: id.Spec.Backlog}
	err := d.Use(func(fd int) (err error) {
		spec := id.Spec
		if id.Address != (Address{}) {
			spec.Address = id.Address
		}
		s.kind, s.address, err = inspect(windows.Handle(fd), spec)
		return err
	})
	if err != nil {
		_ = d.Close()
		failed := newOpenError(id.Spec, "recover", err)
		failed.Advice = "open the listener anew"
		return nil, failed
	}
	return s, nil
}

// inspect says what h is, or how it differs from spec.
func inspect(h windows.Handle, spec Spec) (is kind, at Address, err error) {
	wanted, err := kinds(spec)
	if err != nil {
		return is, at, err
	}
	if is, err = kindOf(h); err != nil {
		return is, at, err
	}
	if !among(wanted, is) {
		return is, at, fmt.Errorf("it is %s, expected was %s", is, wanted[0])
	}
	if at, err = addressOf(h, spec.Address.Network); err != nil {
		return is, at, err
	}
	if !sameAddress(at, spec.Address, is) {
		return is, at, fmt.Errorf("it is bound to %s", at)
	}
	return is, at, inspectListening(h, spec, is)
}

func inspectListening(h windows.Handle, spec Spec, is kind) error {
	if is.domain == windows.AF_INET6 {
		only, err := windows.GetsockoptInt(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY)
		ip, _ := spec.Address.ip()
		if err == nil && ip.IsUnspecified() && only != onlyIPv6(spec) {
			return fmt.Errorf("it has ipv6_only = %t", only != 0)
		}
	}
	if !spec.Address.listens() {
		return nil
	}
	listens, err := accepts(h)
	if err == nil && !listens {
		err = errors.New("it is not listening")
	}
	return err
}

func sameAddress(is, spec Address, k kind) bool {
	want, err := spec.sockaddr(k.domain)
	return err == nil && fromSockaddr(want, spec.Network).Host == is.Host && (spec.Port == 0 || spec.Port == is.Port)
}

func among(wanted []kind, is kind) bool {
	for _, w := range wanted {
		if w.domain == is.domain && w.typ == is.typ {
			return true
		}
	}
	return false
}

func matches(d *Descriptor, spec Spec) bool {
	return d.Use(func(fd int) error {
		_, _, err := inspect(windows.Handle(fd), spec)
		return err
	}) == nil
}
