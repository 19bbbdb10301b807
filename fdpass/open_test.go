//go:build linux

package fdpass

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpenEveryNetwork(t *testing.T) {
	path := unixPath(t)
	for _, tt := range []struct{ address, real string }{
		{"tcp://:0", "tcp://[::]:"},
		{"tcp://[::]:0", "tcp://[::]:"},
		{"tcp://0.0.0.0:0", "tcp://0.0.0.0:"},
		{"tcp://127.0.0.1:0", "tcp://127.0.0.1:"},
		{"tcp://[::ffff:127.0.0.1]:0", "tcp://127.0.0.1:"},
		{"tcp4://:0", "tcp4://0.0.0.0:"},
		{"tcp6://:0", "tcp6://[::]:"},
		{"tcp6://[::1]:0", "tcp6://[::1]:"},
		{"udp://:0", "udp://[::]:"},
		{"udp4://127.0.0.1:0", "udp4://127.0.0.1:"},
		{"udp6://[::1]:0", "udp6://[::1]:"},
		{"unix://" + path, "unix://" + path},
		{"unix://@fdpass-test", "unix://@fdpass-"},
		{"unixgram://" + path + "g", "unixgram://" + path + "g"},
		{"unixpacket://" + path + "p", "unixpacket://" + path + "p"},
		{"fifo://" + path + "f", "fifo://" + path + "f"},
		{"vsock://:0", "vsock://:"},
	} {
		t.Run(tt.address, func(t *testing.T) {
			s := mustOpen(t, spec(tt.address))
			if got := s.Address().String(); !strings.HasPrefix(got, tt.real) || strings.HasSuffix(got, ":0") {
				t.Errorf("address is %s, expected %s...", got, tt.real)
			}
			if st := state(t, s); !st.Listening || st.Nonblocking {
				t.Errorf("state is %+v", st)
			}
		})
	}
}

func TestOpenIsCloseOnExec(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	err := s.Descriptor().Use(func(fd int) error {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if flags&unix.FD_CLOEXEC == 0 {
			t.Error("the descriptor would leak into every child")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenDualStackTakesBoth(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.Address().String(), "tcp://"))
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := net.Dial("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	strict := mustOpen(t, spec("tcp6://:0"))
	_, port, _ = net.SplitHostPort(strings.TrimPrefix(strict.Address().String(), "tcp6://"))
	if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("tcp6 takes IPv4")
	}
}

func TestProcOpenWithoutIPv6(t *testing.T) {
	noIPv6 := &denial{Call: unix.SYS_SOCKET, Arg: unix.AF_INET6, Errno: unix.EAFNOSUPPORT}
	a := inChild(t, task{Deny: noIPv6, Specs: []Spec{spec("tcp://:4711")}})
	if a.Error != "" || a.Address != "tcp://0.0.0.0:4711" {
		t.Errorf("got %+v", a)
	}
	a = inChild(t, task{Deny: noIPv6, Specs: []Spec{spec("tcp6://:4711")}})
	if a.Errno != unix.EAFNOSUPPORT {
		t.Errorf("got %+v", a)
	}
}

func TestOpenZone(t *testing.T) {
	s := spec("udp6://[::1%lo]:0")
	if _, err := s.Address.sockaddr(unix.AF_INET6); err != nil {
		t.Error(err)
	}
	s = spec("udp6://[fe80::1%nosuch0]:0")
	if _, err := Open(s); err == nil || !strings.Contains(err.Error(), `no network interface "nosuch0"`) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesWrongHosts(t *testing.T) {
	for address, cause := range map[string]string{
		"tcp4://[::1]:0":        "is an IPv6 address",
		"tcp6://127.0.0.1:0":    "is an IPv4 address",
		"tcp://localhost:0":     "is not an IP address",
		"tcp://127.0.0.1:70000": "is above 65535",
		"vsock://me:1":          "is not a vsock context id",
		"sctp://127.0.0.1:0":    `no network "sctp"`,
	} {
		_, err := Open(spec(address))
		if e := (*OpenError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), cause) {
			t.Errorf("%s: got %v, expected %q", address, err, cause)
		}
	}
}

func TestUnixMode(t *testing.T) {
	old := syscall.Umask(0o022)
	defer syscall.Umask(old)
	for _, network := range []string{"unix", "unixgram", "unixpacket", "fifo"} {
		sp := spec(network + "://" + unixPath(t))
		sp.Mode = 0o666
		mustOpen(t, sp)
		if fi, err := os.Stat(sp.Address.Path); err != nil || fi.Mode().Perm() != 0o666 {
			t.Errorf("%s: %v %v", network, fi.Mode(), err)
		}
	}
}

func TestUnixOwner(t *testing.T) {
	sp := spec("unix://" + unixPath(t))
	sp.UID, sp.GID = os.Getuid(), os.Getgid()
	if os.Getuid() == 0 {
		sp.UID, sp.GID = 12, 34
	}
	mustOpen(t, sp)
	fi, err := os.Stat(sp.Address.Path)
	if err != nil {
		t.Fatal(err)
	}
	if st := fi.Sys().(*syscall.Stat_t); int(st.Uid) != sp.UID || int(st.Gid) != sp.GID {
		t.Errorf("owner is %d:%d", st.Uid, st.Gid)
	}
}

func TestUnixStaleIsReplaced(t *testing.T) {
	for _, network := range []string{"unix", "unixgram", "unixpacket"} {
		sp := spec(network + "://" + unixPath(t))
		dead, err := Open(sp)
		if err != nil {
			t.Fatal(err)
		}
		if err := dead.d.Close(); err != nil { // as a crash does: both names stay
			t.Fatal(err)
		}
		s := mustOpen(t, sp)
		c := dial(t, s)
		c.Close()
	}
}

func TestUnixLiveIsAnError(t *testing.T) {
	for _, network := range []string{"unix", "unixgram", "unixpacket"} {
		for _, second := range []string{"unix", "unixgram"} {
			sp := spec(network + "://" + unixPath(t))
			s := mustOpen(t, sp)
			sp.Address.Network = second
			_, err := Open(sp)
			if !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("%s then %s: got %v", network, second, err)
			}
			if !s.file.ours(sp.Address.Path) || !s.file.ours(asideOf(sp.Address.Path)) {
				t.Error("the live one lost a name")
			}
		}
	}
}

// A socket between bind(2) and listen(2) refuses connections like a dead one, and is not dead.
func TestUnixBoundIsNotStale(t *testing.T) {
	path := unixPath(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(spec("unix://" + path)); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
}

func TestUnixOtherFileIsKept(t *testing.T) {
	path := unixPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"unix", "fifo"} {
		_, err := Open(spec(network + "://" + path))
		if err == nil || !strings.Contains(err.Error(), "there is a file at this path that is no") {
			t.Errorf("got %v", err)
		}
	}
	if b, err := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file is %q %v", b, err)
	}
}

func TestUnixManyOpenOneStalePath(t *testing.T) {
	sp := spec("unix://" + unixPath(t))
	dead, err := Open(sp)
	if err != nil {
		t.Fatal(err)
	}
	dead.d.Close()
	type result struct {
		s   *Socket
		err error
	}
	results := make(chan result)
	for range 8 {
		go func() {
			s, err := Open(sp)
			results <- result{s, err}
		}()
	}
	var winners []*Socket
	for range 8 {
		r := <-results
		if r.err == nil {
			winners = append(winners, r.s)
		} else if !errors.Is(r.err, unix.EADDRINUSE) {
			t.Error(r.err)
		}
	}
	for _, s := range winners {
		defer s.Close()
	}
	if len(winners) != 1 {
		t.Fatalf("%d of 8 think they have the path", len(winners))
	}
	c := dial(t, winners[0])
	c.Close()
}

func TestCloseUnlinksOnlyOurs(t *testing.T) {
	sp := spec("unix://" + unixPath(t))
	s := mustOpen(t, sp)
	if err := os.Remove(sp.Address.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sp.Address.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all, _ := os.ReadDir(filepath.Dir(sp.Address.Path))
	if len(all) != 1 {
		t.Errorf("left are %v", all)
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestProcFailedOpenLeavesNothing(t *testing.T) {
	dir := shortDir(t)
	before := openDescriptors(t)
	for _, address := range []string{"unix://" + dir + "/s", "fifo://" + dir + "/f", "tcp://:0"} {
		sp := spec(address)
		sp.Options.Broadcast = ptr(true)
		if _, err := Open(sp); !errors.Is(err, unix.ENOPROTOOPT) {
			t.Errorf("%s: got %v", address, err)
		}
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if a := inChild(t, deny(unix.SYS_LISTEN, unix.EINVAL, spec("unix://"+dir+"/s"))); a.Errno != unix.EINVAL {
		t.Errorf("%+v", a)
	}
	if all, _ := os.ReadDir(dir); len(all) > 0 {
		t.Errorf("left are %v", all)
	}
}

func TestFIFO(t *testing.T) {
	sp := spec("fifo://" + unixPath(t))
	sp.Options.PipeSize = 1 << 17
	s := mustOpen(t, sp)
	w, err := os.OpenFile(sp.Address.Path, os.O_WRONLY|unix.O_NONBLOCK, 0) // ENXIO without a reader
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	err = s.Descriptor().Use(func(fd int) error {
		size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
		if size != 1<<17 {
			t.Errorf("pipe size is %d", size)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFIFOOfOthersStays(t *testing.T) {
	sp := spec("fifo://" + unixPath(t))
	if err := unix.Mkfifo(sp.Address.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	sp.Mode = 0o640
	s := mustOpen(t, sp)
	if fi, err := os.Stat(sp.Address.Path); err != nil || fi.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", fi, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sp.Address.Path); err != nil {
		t.Error(err)
	}
}

func TestFIFOOfAnEarlierLifeIsOurs(t *testing.T) {
	sp := spec("fifo://" + unixPath(t))
	dead, err := Open(sp)
	if err != nil {
		t.Fatal(err)
	}
	dead.d.Close()
	s := mustOpen(t, sp)
	s.Close()
	if all, _ := os.ReadDir(filepath.Dir(sp.Address.Path)); len(all) > 0 {
		t.Errorf("left are %v", all)
	}
}

func TestMultipath(t *testing.T) {
	sp := spec("tcp://127.0.0.1:0")
	sp.Options.Multipath, sp.Backlog = true, 7
	s := mustOpen(t, sp)
	if got := sockopt(t, s, unix.SOL_SOCKET, unix.SO_PROTOCOL); got != unix.IPPROTO_MPTCP {
		t.Errorf("protocol is %d", got)
	}
	if st := state(t, s); st.Backlog != 7 {
		t.Errorf("state is %+v", st)
	}
	dial(t, s)
}
