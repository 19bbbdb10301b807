//go:build linux

package steer

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// rig is a group of real sockets at one address.
type rig struct {
	t     *testing.T
	kind  Kind
	group *Group
	at    netip.AddrPort
	both  bool // an IPv6 socket that takes IPv4 too
	socks map[string]*fdpass.Descriptor
}

// patience is how long a connection may take to arrive, in milliseconds: it turns a hang into a failure.
const patience = 60_000

var (
	loopback4 = netip.MustParseAddrPort("127.0.0.1:0")
	loopback6 = netip.MustParseAddrPort("[::1]:0")
	everyone  = netip.MustParseAddrPort("[::]:0")
)

// kinds gives those that this test process must be able to use: an ordinary user only classic programs.
func kinds() []Kind {
	if os.Getuid() != 0 && !hasCapability(unix.CAP_BPF) {
		return []Kind{Classic}
	}
	return []Kind{Classic, Extended}
}

// eachKind runs a test with every kind, on IPv4 loopback.
func eachKind(t *testing.T, test func(t *testing.T, r *rig)) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) { test(t, newRig(t, kind, loopback4)) })
	}
}

func newRig(t *testing.T, kind Kind, at netip.AddrPort) *rig {
	t.Helper()
	r := &rig{t: t, kind: kind, at: at, both: at == everyone, socks: map[string]*fdpass.Descriptor{}}
	var err error
	if r.group, err = Open(kind, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.group.Close()
		for _, d := range r.socks {
			_ = d.Close()
		}
	})
	return r
}

// with lets members listen and join, the first of them steered to before the others come.
func (r *rig) with(keys ...string) *rig {
	r.t.Helper()
	for i, key := range keys {
		r.join(key)
		if i == 0 {
			r.steer(Choice{Current: []string{key}})
		}
	}
	return r
}

func (r *rig) join(key string) {
	r.t.Helper()
	if err := r.group.Join(r.listen(key)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) listen(key string) Member {
	r.t.Helper()
	d := listenAt(r.t, &r.at)
	r.socks[key] = d
	return Member{key, d}
}

// listenAt opens a non-blocking socket; port 0 is replaced by the kernel's choice.
func listenAt(t testing.TB, at *netip.AddrPort) *fdpass.Descriptor {
	t.Helper()
	fd := must(unix.Socket(family(*at), unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0))
	d := fdpass.NewDescriptor(fd)
	try := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	try(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	try(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	try(unix.Bind(fd, sockaddr(*at)))
	try(unix.Listen(fd, 4096))
	*at = netip.AddrPortFrom(at.Addr(), nameOf(fd).Port())
	return d
}

func (r *rig) steer(c Choice) {
	r.t.Helper()
	if err := r.group.Steer(c); err != nil {
		r.t.Fatal(err)
	}
}

// to is the usual choice.
func to(keys ...string) Choice { return Choice{Current: keys} }

// who connects once and says which member has the connection.
func (r *rig) who() string { return r.whoFrom(r.target(), netip.AddrPort{}) }

// target is where clients connect to.
func (r *rig) target() netip.AddrPort {
	if r.at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.IPv6Loopback(), r.at.Port())
	}
	return r.at
}

// whoFrom connects from an address; the zero one leaves that to the kernel.
func (r *rig) whoFrom(target, from netip.AddrPort) string {
	r.t.Helper()
	c := connect(r.t, target, from)
	defer unix.Close(c)
	return r.taken()
}

// taken waits until a member has a connection and accepts it. Both ends are closed by a reset, so that no port is kept in TIME_WAIT.
func (r *rig) taken() string {
	r.t.Helper()
	var keys []string
	var poll []unix.PollFd
	for key, d := range r.socks {
		_ = d.Use(func(fd int) error {
			if accepting(fd) {
				keys, poll = append(keys, key), append(poll, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			}
			return nil
		})
	}
	n, err := unix.Poll(poll, patience)
	for err == unix.EINTR {
		n, err = unix.Poll(poll, patience)
	}
	if n != 1 {
		r.t.Fatalf("%d members have a connection in place of one (%v)", n, err)
	}
	for i, p := range poll {
		if p.Revents != 0 {
			conn := must(accept(int(p.Fd)))
			_ = unix.SetsockoptLinger(conn, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			unix.Close(conn)
			return keys[i]
		}
	}
	return ""
}

// drop closes a member's last descriptor, as the end of its only process does.
func (r *rig) drop(key string) {
	_ = r.socks[key].Close()
	delete(r.socks, key)
}

// queue says how many connections wait at a member.
func (r *rig) queue(key string) int {
	n := 0
	_ = r.socks[key].Use(func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			n = int(info.Unacked)
		}
		return err
	})
	return n
}

func accept(fd int) (int, error) {
	for {
		conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != unix.EINTR {
			return conn, err
		}
	}
}

func connect(t testing.TB, target, from netip.AddrPort) int {
	t.Helper()
	fd := must(unix.Socket(family(target), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if from.IsValid() {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err := unix.Bind(fd, sockaddr(from)); err != nil {
			t.Fatal("bind ", from, ": ", err)
		}
	}
	if err := unix.Connect(fd, sockaddr(target)); err != nil {
		t.Fatal("connect ", target, ": ", err)
	}
	return fd
}

func accepting(fd int) bool {
	on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && on == 1
}

func family(at netip.AddrPort) int {
	if at.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func sockaddr(at netip.AddrPort) unix.Sockaddr {
	if at.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}

func nameOf(fd int) netip.AddrPort {
	switch name := must(unix.Getsockname(fd)).(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	return netip.AddrPort{}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
