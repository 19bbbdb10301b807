package config

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestProcConflicts opens every pair of conflictCases with real sockets, the way fdpass does: SO_REUSEADDR for TCP, bind, listen.
func TestProcConflicts(t *testing.T) {
	for i, test := range conflictCases {
		number := freePort(t)
		if strings.HasPrefix(test.first, "unix") {
			number = os.Getpid()*1000 + i
		}
		a, b := conflictListeners(t, test.first, test.second, test.options, test.others, number)
		if got := refused(t, a, b); got != test.want {
			t.Errorf("%s (%+v) and %s: the kernel says %v, want %v", a.Address, a.Options.ReusePort, b.Address, got, test.want)
		}
	}
}

// TestProcSocketPath shows the length of a path at which the kernel says no.
func TestProcSocketPath(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, length := range []int{maxSocketPath, maxSocketPath + 2} {
		fd := socket(t, syscall.AF_UNIX, syscall.SOCK_STREAM)
		path := strings.Repeat("a", length)
		err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
		_, refused := ParseAddress("unix://" + path)
		if (err == nil) != (refused == nil) {
			t.Errorf("%d bytes: bind says %v, ParseAddress %v", length, err, refused)
		}
	}
}

// TestProcDatagramBacklog shows the errno of which the diagnostic speaks.
func TestProcDatagramBacklog(t *testing.T) {
	for _, kind := range [][2]int{{syscall.AF_INET, syscall.SOCK_DGRAM}, {syscall.AF_UNIX, syscall.SOCK_DGRAM}} {
		if err := syscall.Listen(socket(t, kind[0], kind[1]), 1); !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("%v: listen says %v", kind, err)
		}
	}
}

func socket(t *testing.T, family, kind int) int {
	t.Helper()
	fd, err := syscall.Socket(family, kind|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	return fd
}

// freePort is one that the kernel gives to nobody until the test ends: a socket has it that does not listen, and so is in the way of none that
// sets SO_REUSEADDR.
func freePort(t *testing.T) int {
	t.Helper()
	fd := socket(t, syscall.AF_INET6, syscall.SOCK_STREAM)
	if err := errors.Join(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1), syscall.Bind(fd, &syscall.SockaddrInet6{})); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return at.(*syscall.SockaddrInet6).Port
}

// refused opens both and says whether the second one is EADDRINUSE.
func refused(t *testing.T, a, b *Listener) bool {
	t.Helper()
	if err := openRaw(t, a); err != nil {
		t.Fatalf("%s: %v", a.Address, err)
	}
	err := openRaw(t, b)
	if err != nil && !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("%s: %v", b.Address, err)
	}
	return err != nil
}

func openRaw(t *testing.T, l *Listener) error {
	family, at := rawAddress(l)
	kind := map[string]int{"unixgram": syscall.SOCK_DGRAM, "unixpacket": syscall.SOCK_SEQPACKET}[l.Address.Network]
	if kind == 0 {
		kind = syscall.SOCK_STREAM
	}
	if l.Address.isUDP() {
		kind = syscall.SOCK_DGRAM
	}
	fd := socket(t, family, kind)
	set := func(level, option int, on bool) {
		value := 0
		if on {
			value = 1
		}
		if err := syscall.SetsockoptInt(fd, level, option, value); err != nil {
			t.Fatal(err)
		}
	}
	if l.Address.isTCP() {
		set(syscall.SOL_SOCKET, syscall.SO_REUSEADDR, true)
	}
	if family == syscall.AF_INET6 {
		set(syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, strings.HasSuffix(l.Address.Network, "6") || isTrue(l.Options.IPv6Only))
	}
	if isTrue(l.Options.ReusePort) {
		set(syscall.SOL_SOCKET, 15, true) // SO_REUSEPORT, which package syscall lacks
	}
	if l.Options.BindDevice != "" {
		if err := syscall.BindToDevice(fd, l.Options.BindDevice); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Bind(fd, at); err != nil || !l.Address.hasBacklog() {
		return err
	}
	return syscall.Listen(fd, 1)
}

func rawAddress(l *Listener) (family int, at syscall.Sockaddr) {
	a := l.Address
	if a.isPath() {
		return syscall.AF_UNIX, &syscall.SockaddrUnix{Name: a.Path}
	}
	if !a.isIPv4() {
		at := &syscall.SockaddrInet6{Port: int(a.Port)}
		if a.Host != "" {
			at.Addr = netip.MustParseAddr(a.Host).As16()
		}
		return syscall.AF_INET6, at
	}
	at4 := &syscall.SockaddrInet4{Port: int(a.Port)}
	if a.Host != "" {
		at4.Addr = netip.MustParseAddr(a.Host).As4()
	}
	return syscall.AF_INET, at4
}
