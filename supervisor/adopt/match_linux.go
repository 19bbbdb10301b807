package adopt

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// noListener is the index of none.
const noListener = -1

// mismatchError is of a listener that has the address, but on a socket that the program could not use.
type mismatchError struct {
	listener string
	address  fdpass.Address
	domain   int // the program's
}

func (e *mismatchError) Error() string {
	family, advice := "IPv4", "tcp4://"
	if e.domain == unix.AF_INET6 {
		family, advice = "IPv6", "tcp:// or tcp6://"
	}
	switch {
	case e.domain == unix.AF_UNIX:
		return fmt.Sprintf("listener %q is another kind of unix socket (%s)", e.listener, e.address.Network)
	case e.domain == unix.AF_INET6 && oneIPv4(e.address.Host):
		return fmt.Sprintf("the program opens an IPv6 socket for the IPv4 address of listener %q at %s (have it use IPv4 sockets, Java by -Djava.net.preferIPv4Stack=true, or listen to every address, tcp://:%d)",
			e.listener, e.address, e.address.Port)
	case e.address.Network == "tcp":
		return fmt.Sprintf("the program opens an %s socket, and listener %q at %s is one IPv6 socket for both (write %s in its address, or have the program listen to IPv6)", family, e.listener, e.address, advice)
	}
	return fmt.Sprintf("the program opens an %s socket, and listener %q is at %s (write %s in its address, or have the program use the other family)", family, e.listener, e.address, advice)
}

// oneIPv4 is whether a host is a single address of IPv4.
func oneIPv4(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is4() && !ip.IsUnspecified()
}

// match finds the listener that has the address: the very one first, then one where either says "every address", since the configured
// address is what counts. The error says why there is one that does not fit.
func (s *server) match(q question, want sockaddr, sock nature) (int, error) {
	best, found := 0, noListener
	var mismatch error
	for i, l := range s.o.Listeners {
		model := s.o.Sockets.Model(i)
		has, ok := natureOf(model.Descriptor())
		if !ok {
			continue
		}
		points := s.likeness(q, want, model.Address())
		if points > 0 && has.network != sock.network {
			mismatch = fmt.Errorf("the program is in another network namespace than listener %q", l.Name)
			continue
		}
		if points > 0 && (has.domain != sock.domain || has.kind != sock.kind) {
			mismatch = &mismatchError{listener: l.Name, address: model.Address(), domain: sock.domain}
			continue
		}
		if has.only6 == sock.only6 {
			points *= 2
		}
		if points > best {
			best, found = points, i
		}
	}
	if found != noListener {
		return found, nil
	}
	return noListener, mismatch
}

// likeness is 0 for another address.
func (s *server) likeness(q question, want sockaddr, has fdpass.Address) int {
	if want.family == unix.AF_UNIX {
		if has.Path != "" && s.samePath(q, want.path, has.Path) {
			return 1
		}
		return 0
	}
	return likenessIP(want.ip, has)
}

func likenessIP(want netip.AddrPort, has fdpass.Address) int {
	if !strings.HasPrefix(has.Network, "tcp") || uint32(want.Port()) != has.Port {
		return 0
	}
	asked := want.Addr().Unmap()
	ip, err := netip.ParseAddr(has.Host)
	switch ip = ip.Unmap().WithZone(""); {
	case err == nil && ip == asked:
		return 16
	case has.Host == "" || err == nil && ip.IsUnspecified():
		return 4
	case asked.IsUnspecified():
		return 1
	}
	return 0
}

// addressText is what the program asked for, for people.
func (a sockaddr) text(sock nature) string {
	if a.family == unix.AF_UNIX {
		return fdpass.Address{Network: "unix", Path: a.path}.String()
	}
	network := "tcp4"
	if a.family == unix.AF_INET6 {
		network = "tcp6"
		if a.ip.Addr().IsUnspecified() && !sock.only6 {
			network = "tcp"
		}
	}
	return fdpass.Address{Network: network, Host: a.ip.Addr().String(), Port: uint32(a.ip.Port())}.String()
}
