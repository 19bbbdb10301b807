package adopt

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Which of two listeners is meant: the one with more points. 0 is none.
func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		asked   string
		network string
		host    string
		port    uint32
		want    int
	}{
		{"127.0.0.1:80", "tcp4", "127.0.0.1", 80, 16},
		{"127.0.0.1:80", "tcp4", "0.0.0.0", 80, 4},
		{"127.0.0.1:80", "tcp4", "", 80, 4},
		{"127.0.0.1:80", "tcp", "::", 80, 4},
		{"0.0.0.0:80", "tcp4", "127.0.0.1", 80, 1},
		{"0.0.0.0:80", "tcp4", "0.0.0.0", 80, 16},
		{"[::]:80", "tcp", "::", 80, 16},
		{"[::]:80", "tcp6", "::1", 80, 1},
		{"[::1]:80", "tcp6", "::1", 80, 16},
		{"[fe80::1]:80", "tcp6", "fe80::1%lo", 80, 16},
		{"[::ffff:127.0.0.1]:80", "tcp4", "127.0.0.1", 80, 16},
		{"127.0.0.1:80", "tcp4", "127.0.0.2", 80, 0},
		{"127.0.0.1:80", "tcp4", "127.0.0.1", 81, 0},
		{"127.0.0.1:80", "udp4", "127.0.0.1", 80, 0},
		{"127.0.0.1:80", "vsock", "", 80, 0},
		{"127.0.0.1:80", "unix", "", 0, 0},
	} {
		a := fdpass.Address{Network: c.network, Host: c.host, Port: c.port}
		if got := likenessIP(netip.MustParseAddrPort(c.asked), a); got != c.want {
			t.Errorf("%s at %s: %d points, not %d", c.asked, a, got, c.want)
		}
	}
}

// Two listeners at one port: each bind goes to its own.
func TestMatchBest(t *testing.T) {
	four := fdpass.Address{Network: "tcp4", Host: "127.0.0.1"}
	r := newRig(t, "generation", four)
	four.Port = r.sockets.models[0].Address().Port
	six := fdpass.Address{Network: "tcp6", Host: "::1", Port: four.Port}
	r.names = append(r.names, Listener{"b", "generation"})
	r.sockets.models = append(r.sockets.models, openModel(t, "b", "generation", six))
	s := &server{o: Options{Listeners: r.names, Sockets: r.sockets}}
	for _, c := range []struct {
		domain int
		ip     string
		want   int
		why    string
	}{
		{unix.AF_INET, "127.0.0.1", 0, ""},
		{unix.AF_INET, "0.0.0.0", 0, ""},
		{unix.AF_INET6, "::1", 1, ""},
		{unix.AF_INET6, "::", 1, ""},
		{unix.AF_INET, "127.0.0.9", noListener, ""},
		{unix.AF_INET6, "::ffff:127.0.0.1", noListener, "the program opens an IPv6 socket"},
	} {
		sock := socketOf(t, c.domain)
		want := sockaddr{family: c.domain, ip: netip.AddrPortFrom(netip.MustParseAddr(c.ip), uint16(four.Port))}
		i, err := s.match(question{}, want, sock)
		if i != c.want || (err == nil) != (c.why == "") || err != nil && !strings.HasPrefix(err.Error(), c.why) {
			t.Errorf("%s: listener %d, %v", c.ip, i, err)
		}
	}
}

// socketOf gives the nature of a fresh socket.
func socketOf(t *testing.T, domain int) nature {
	t.Helper()
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := fdpass.NewDescriptor(fd)
	defer d.Close()
	n, ok := natureOf(d)
	if !ok {
		t.Fatal("it is no socket")
	}
	return n
}

func TestNatureOfNoSocket(t *testing.T) {
	f, err := fdpass.NewMemory("test")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := fdpass.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n, ok := natureOf(d); ok {
		t.Errorf("a file is %+v", n)
	}
	if listens(d) || boundAlike(d, d) {
		t.Error("a file listens")
	}
}

func TestMismatchError(t *testing.T) {
	for _, c := range []struct {
		address fdpass.Address
		domain  int
		want    string
	}{
		{fdpass.Address{Network: "tcp", Host: "::", Port: 80}, unix.AF_INET,
			`the program opens an IPv4 socket, and listener "web" at tcp://[::]:80 is one IPv6 socket for both (write tcp4:// in its address, or have the program listen to IPv6)`},
		{fdpass.Address{Network: "tcp6", Host: "::1", Port: 80}, unix.AF_INET,
			`the program opens an IPv4 socket, and listener "web" is at tcp6://[::1]:80 (write tcp4:// in its address, or have the program use the other family)`},
		{fdpass.Address{Network: "tcp4", Host: "0.0.0.0", Port: 80}, unix.AF_INET6,
			`the program opens an IPv6 socket, and listener "web" is at tcp4://0.0.0.0:80 (write tcp:// or tcp6:// in its address, or have the program use the other family)`},
		{fdpass.Address{Network: "tcp", Host: "127.0.0.1", Port: 80}, unix.AF_INET6,
			`the program opens an IPv6 socket for the IPv4 address of listener "web" at tcp://127.0.0.1:80 (have it use IPv4 sockets, Java by -Djava.net.preferIPv4Stack=true, or listen to every address, tcp://:80)`},
		{fdpass.Address{Network: "unixpacket", Path: "/run/a"}, unix.AF_UNIX, `listener "web" is another kind of unix socket (unixpacket)`},
	} {
		if got := (&mismatchError{"web", c.address, c.domain}).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// The folder is what counts, not the way to it.
func TestOpenFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	from, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(from)
	var want unix.Stat_t
	if err := unix.Stat("a", &want); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from int
		path string
		ok   bool
	}{
		{unix.AT_FDCWD, "a", true}, {unix.AT_FDCWD, "b/", true}, {unix.AT_FDCWD, dir + "/a", true}, {unix.AT_FDCWD, dir + "/b/../a", true},
		{from, "a", true}, {from, "./b", true}, {-7, "a", false}, {unix.AT_FDCWD, "c", false}, {unix.AT_FDCWD, "/no/such", false},
	} {
		fd, err := openFolder(os.Getpid(), c.from, c.path)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.path, err)
			continue
		}
		if err != nil {
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Ino != want.Ino {
			t.Errorf("%q is another folder, %v", c.path, err)
		}
		_ = unix.Close(fd)
	}
}
