package diag

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect makes a connection to a listener and gives both ends.
func connect(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func portOf(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

func inodeOf(t *testing.T, c net.Conn) (inode uint64) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if controlled := raw.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &st) }); controlled != nil || err != nil {
		t.Fatal(controlled, err)
	}
	return st.Ino
}

func connections(t *testing.T, ports ...uint16) map[uint64]uint16 {
	t.Helper()
	found, err := Connections(ports)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestConnections(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		l, other := listen(t, "tcp", address), listen(t, "tcp", address)
		_, first := connect(t, l)
		_, second := connect(t, l)
		connect(t, other)
		found := connections(t, portOf(l))
		if len(found) != 2 || found[inodeOf(t, first)] != portOf(l) || found[inodeOf(t, second)] != portOf(l) {
			t.Errorf("%s: %v, want the inodes of two connections, %d and %d", address, found, inodeOf(t, first), inodeOf(t, second))
		}
		if both := connections(t, portOf(l), 1, portOf(other)); len(both) != 3 {
			t.Errorf("%s: %d connections at two ports, want 3", address, len(both))
		}
	}
}

// TestConnectionsOfClients: the client's end of a connection counts for nobody.
func TestConnectionsOfClients(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	client, server := connect(t, l)
	found := connections(t, portOf(l))
	if _, there := found[inodeOf(t, client)]; there || len(found) != 1 {
		t.Errorf("found %v: the client's end is %d, the server's %d", found, inodeOf(t, client), inodeOf(t, server))
	}
}

// TestConnectionsOfManyPorts is with more ports than the kernel is given a filter for, and with the most.
func TestConnectionsOfManyPorts(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	connect(t, l)
	for _, n := range []int{maxFilter, maxFilter + 1} {
		ports := make([]uint16, n)
		for i := range ports {
			ports[i] = uint16(i)
		}
		ports[n-1] = portOf(l)
		if found := connections(t, ports...); len(found) != 1 {
			t.Errorf("%d ports: %d connections, want 1", n, len(found))
		}
	}
}

// TestConnectionStates goes through the states of the server's end. It counts from accept(2) to close(2), whatever either side has said.
func TestConnectionStates(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	count := func(state string, want int) {
		t.Helper()
		if n := len(connections(t, portOf(l))); n != want {
			t.Errorf("%s: %d connections, want %d", state, n, want)
		}
	}
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	count("in the accept queue", 0)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	count("established", 1)
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	readEnd(t, server)
	count("close-wait", 1)
	if err := server.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	readEnd(t, client)
	server.Close()
	count("closed", 0)

	client, server = connect(t, l)
	if err := server.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	readEnd(t, client)
	count("fin-wait", 1)
	server.Close()
	count("closed by the server, the client still there", 0)
}

func readEnd(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("read %d bytes, %v: want the end", n, err)
	}
}

func TestConnectionsOfNothing(t *testing.T) {
	if found := connections(t); len(found) != 0 {
		t.Errorf("without ports: %v", found)
	}
	if found, err := UnixConnections(nil); err != nil || len(found) != 0 {
		t.Errorf("without names: %v, %v", found, err)
	}
}

func TestHeld(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	client, server := connect(t, l)
	got, err := Held(os.Getpid())
	if err != nil || !slices.Contains(got, inodeOf(t, client)) || !slices.Contains(got, inodeOf(t, server)) {
		t.Errorf("%v, %v; want %d and %d among them", got, err, inodeOf(t, client), inodeOf(t, server))
	}
	if _, err := Held(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a process that does not exist: %v", err)
	}
}

// TestHeldBy checks that one of several processes that is gone hides nothing of the others.
func TestHeldBy(t *testing.T) {
	client, server := connect(t, listen(t, "tcp", "127.0.0.1:0"))
	open, err := HeldBy([]int{1 << 30, os.Getpid(), os.Getpid()})
	if err != nil || !open[inodeOf(t, client)] || !open[inodeOf(t, server)] || open[0] {
		t.Errorf("%v, %v; want %d and %d among them", open, err, inodeOf(t, client), inodeOf(t, server))
	}
}

func TestSocketInode(t *testing.T) {
	for link, want := range map[string]uint64{"socket:[4294967295]": 4294967295, "socket:[1": 0, "socket:[]": 0, "pipe:[17]": 0, "17]": 0, "/dev/null": 0, "": 0} {
		if got, ok := socketInode(link); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, %v", link, got, ok)
		}
	}
}

func TestUnixConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	abstract := "@supervise-diag-" + strconv.Itoa(os.Getpid())
	for _, name := range []string{path, abstract} {
		l := listen(t, "unix", name)
		_, server := connect(t, l)
		waiting, err := net.Dial("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		defer waiting.Close()
		found, err := UnixConnections([]string{"/nobody", name})
		if err != nil || len(found) != 1 || found[inodeOf(t, server)] != name {
			t.Errorf("%s: %v, %v; want inode %d alone", name, found, err, inodeOf(t, server))
		}
	}
}

// TestHandshakes: with TCP_DEFER_ACCEPT the kernel leaves a connection in SYN_RECV until the client has sent something.
func TestHandshakes(t *testing.T) {
	for _, c := range []struct{ bind, elsewhere string }{{"127.0.0.1", "127.0.0.2"}, {"::1", "::2"}} {
		at := deferring(t, netip.MustParseAddr(c.bind))
		client, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		tests := map[netip.AddrPort]int{
			at: 1,
			netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port()):             1,
			netip.AddrPortFrom(netip.MustParseAddr(c.elsewhere), at.Port()):    0,
			netip.AddrPortFrom(netip.MustParseAddr(c.bind), at.Port()^(1<<15)): 0,
		}
		for local, want := range tests {
			found, err := Handshakes(local)
			if err != nil || len(found) != want || want == 1 && found[0].String() != client.LocalAddr().String() {
				t.Errorf("%s: %v, %v; want %d, from %s", local, found, err, want, client.LocalAddr())
			}
		}
	}
}

// deferring listens at a free port with TCP_DEFER_ACCEPT, tcp(7).
func deferring(t *testing.T, addr netip.Addr) netip.AddrPort {
	t.Helper()
	fd := tcpSocket(t, addr)
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(addr, 0))); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	return nameOf(t, fd)
}

func tcpSocket(t *testing.T, addr netip.Addr) int {
	t.Helper()
	family := unix.AF_INET
	if addr.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func sockaddr(at netip.AddrPort) unix.Sockaddr {
	if at.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
}

func nameOf(t *testing.T, fd int) netip.AddrPort {
	t.Helper()
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	t.Fatalf("name %v", sa)
	return netip.AddrPort{}
}

// TestFamilies checks that the kernel tells the same by one request as by two, and that it need not know the one.
func TestFamilies(t *testing.T) {
	var ports []uint16
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		l := listen(t, "tcp", address)
		connect(t, l)
		ports = append(ports, portOf(l))
	}
	list := func(refuse error) (list []socket, asked int) {
		ask := func(request []byte, f func([]byte) error) error {
			asked++
			if typ := order.Uint16(request[4:]); refuse != nil && typ == typeTCP {
				return refuse
			}
			return dump(request, f)
		}
		if err := inetBy(ask, openStates, ports, func(s socket) { list = append(list, s) }); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(list, func(a, b socket) int { return int(a.inode) - int(b.inode) })
		return list, asked
	}
	want, _ := list(nil)
	if len(want) != len(ports) {
		t.Errorf("%+v at the ports %v", want, ports)
	}
	for _, refuse := range []error{unix.EINVAL, unix.EOPNOTSUPP} {
		if got, asked := list(refuse); !slices.Equal(got, want) || asked != 3 {
			t.Errorf("with %v after %d requests: %+v, want %+v", refuse, asked, got, want)
		}
	}
	denied := func([]byte, func([]byte) error) error { return unix.EACCES }
	if err := inetBy(denied, openStates, ports, nil); err != unix.EACCES {
		t.Errorf("denied: %v", err)
	}
}
