package steer

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcProbe connects from the probe's address and port, and from others.
func TestProcProbe(t *testing.T) {
	four, six := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()
	tests := []struct {
		name   string
		at     netip.AddrPort // the group's
		target netip.Addr
		from   netip.Addr // the probe's, as it is given to Steer
	}{
		{"IPv4", loopback4, four, four},
		{"IPv4 from another address", loopback4, four, netip.MustParseAddr("127.1.2.3")},
		{"IPv6", loopback6, six, six},
		{"both, by IPv4", everyone, four, four},
		{"both, by IPv4 written as IPv6", everyone, four, netip.MustParseAddr("::ffff:127.0.0.1")},
		{"both, by IPv6", everyone, six, six},
		{"both, with a zone", everyone, six, six.WithZone("lo")},
	}
	for _, tt := range tests {
		for _, kind := range kinds() {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				r := newRig(t, kind, tt.at).with("old", "new")
				probe, other := freePort(t, tt.from), freePort(t, tt.from)
				r.steer(Choice{Current: []string{"old"}, Probes: []Probe{
					{netip.AddrPortFrom(six, probe.Port()+1), "old"}, // not it, and comes first
					{netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), probe.Port()), "old"},
					{netip.AddrPortFrom(tt.from, probe.Port()), "new"}}})
				target := netip.AddrPortFrom(tt.target, r.at.Port())
				for range 20 {
					if who := r.whoFrom(target, probe); who != "new" {
						t.Fatalf("the probe from %s reached %s", probe, who)
					}
					if who := r.whoFrom(target, other); who != "old" {
						t.Fatalf("a connection from %s, where no probe is, reached %s", other, who)
					}
				}
				r.steer(to("old"))
				if who := r.whoFrom(target, probe); who != "old" {
					t.Errorf("after its end the probe from %s reached %s", probe, who)
				}
			})
		}
	}
}

// TestProcManyProbes has more of them than fit behind one jump of a classic program.
func TestProcManyProbes(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new")
		from := freePort(t, r.at.Addr())
		probes := make([]Probe, 200)
		for i := range probes {
			address := netip.AddrFrom4([4]byte{127, 9, 0, byte(i)})
			if i%2 == 1 {
				address = netip.MustParseAddr("2001:db8::1")
			}
			probes[i] = Probe{netip.AddrPortFrom(address, uint16(i+1)), "old"}
		}
		r.steer(Choice{Current: []string{"old"}, Probes: append(probes, Probe{from, "new"})})
		if who := r.whoFrom(r.at, from); who != "new" {
			t.Errorf("the last probe reached %s", who)
		}
		if who := r.who(); who != "old" {
			t.Errorf("another connection reached %s", who)
		}
	})
}

// freePort gives an address with a port that nobody else gets until the test ends, in the form in which a socket can be bound to it: another
// one is, but does not listen, and both set SO_REUSEADDR.
func freePort(t *testing.T, address netip.Addr) netip.AddrPort {
	t.Helper()
	at := netip.AddrPortFrom(address.Unmap().WithZone(""), 0)
	fd := must(unix.Socket(family(at), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.Bind(fd, sockaddr(at))); err != nil {
		t.Fatal(err)
	}
	return nameOf(fd)
}
