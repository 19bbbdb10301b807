//go:build linux

package fdpass

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// optionCases: every option, what the kernel says when it is set, and whether a live socket can get and lose it.
var optionCases = []struct {
	name    string
	address string
	set     func(*Options)
	where   place
	want    int
	fixed   bool // needs a new socket
}{
	{"ipv6_only", "tcp://:0", func(o *Options) { o.IPv6Only = ptr(true) }, place{0, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY}, 1, true},
	{"reuse_port", "tcp://:0", func(o *Options) { o.ReusePort = ptr(true) }, place{0, unix.SOL_SOCKET, unix.SO_REUSEPORT}, 1, true},
	{"multipath", "tcp://:0", func(o *Options) { o.Multipath = true }, place{0, unix.SOL_SOCKET, unix.SO_PROTOCOL}, unix.IPPROTO_MPTCP, true},
	{"free_bind", "tcp4://:0", func(o *Options) { o.FreeBind = ptr(true) }, place{0, unix.IPPROTO_IP, unix.IP_FREEBIND}, 1, false},
	{"free_bind", "tcp6://:0", func(o *Options) { o.FreeBind = ptr(true) }, place{0, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND}, 1, false},
	{"transparent", "tcp4://:0", func(o *Options) { o.Transparent = ptr(true) }, place{0, unix.IPPROTO_IP, unix.IP_TRANSPARENT}, 1, false},
	{"transparent", "udp6://:0", func(o *Options) { o.Transparent = ptr(true) }, place{0, unix.IPPROTO_IPV6, unix.IPV6_TRANSPARENT}, 1, false},
	{"bind_device", "tcp://:0", func(o *Options) { o.BindDevice = "lo" }, place{0, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX}, 1, false},
	{"mark", "tcp://:0", func(o *Options) { o.Mark = ptr(uint32(42)) }, place{0, unix.SOL_SOCKET, unix.SO_MARK}, 42, false},
	{"keepalive", "tcp://:0", func(o *Options) { o.KeepAlive = ptr(true) }, place{0, unix.SOL_SOCKET, unix.SO_KEEPALIVE}, 1, false},
	{"keepalive_idle", "tcp://:0", func(o *Options) { o.KeepAliveIdle = 99 * time.Second }, place{0, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, 99, false},
	{"keepalive_interval", "tcp://:0", func(o *Options) { o.KeepAliveInterval = 1500 * time.Millisecond }, place{0, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}, 2, false},
	{"keepalive_count", "tcp://:0", func(o *Options) { o.KeepAliveCount = 4 }, place{0, unix.IPPROTO_TCP, unix.TCP_KEEPCNT}, 4, false},
	{"no_delay", "tcp://:0", func(o *Options) { o.NoDelay = ptr(true) }, place{0, unix.IPPROTO_TCP, unix.TCP_NODELAY}, 1, false},
	{"defer_accept", "tcp://:0", func(o *Options) { o.DeferAccept = time.Second }, place{0, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT}, 1, false},
	{"fast_open", "tcp://:0", func(o *Options) { o.FastOpen = 16 }, place{0, unix.IPPROTO_TCP, unix.TCP_FASTOPEN}, 16, false},
	{"user_timeout", "tcp://:0", func(o *Options) { o.UserTimeout = 1234 * time.Millisecond }, place{0, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}, 1234, false},
	{"receive_buffer", "tcp://:0", func(o *Options) { o.ReceiveBuffer = 1 << 16 }, place{0, unix.SOL_SOCKET, unix.SO_RCVBUF}, 2 << 16, false},
	{"receive_buffer", "unixgram://@fdpass-options", func(o *Options) { o.ReceiveBuffer = 1 << 14 }, place{0, unix.SOL_SOCKET, unix.SO_RCVBUF}, 2 << 14, false},
	{"send_buffer", "udp://:0", func(o *Options) { o.SendBuffer = 1 << 16 }, place{0, unix.SOL_SOCKET, unix.SO_SNDBUF}, 2 << 16, false},
	{"tos", "tcp4://:0", func(o *Options) { o.TOS = ptr(0x10) }, place{0, unix.IPPROTO_IP, unix.IP_TOS}, 0x10, false},
	{"tos", "tcp://:0", func(o *Options) { o.TOS = ptr(0x10) }, place{0, unix.IPPROTO_IPV6, unix.IPV6_TCLASS}, 0x10, false},
	{"tos", "tcp://:0", func(o *Options) { o.TOS = ptr(0x10) }, place{0, unix.IPPROTO_IP, unix.IP_TOS}, 0x10, false},
	{"ttl", "tcp4://:0", func(o *Options) { o.TTL = ptr(9) }, place{0, unix.IPPROTO_IP, unix.IP_TTL}, 9, false},
	{"ttl", "udp://:0", func(o *Options) { o.TTL = ptr(9) }, place{0, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS}, 9, false},
	{"priority", "tcp://:0", func(o *Options) { o.Priority = ptr(5) }, place{0, unix.SOL_SOCKET, unix.SO_PRIORITY}, 5, false},
	{"pass_credentials", "unix://@fdpass-options", func(o *Options) { o.PassCredentials = ptr(true) }, place{0, unix.SOL_SOCKET, unix.SO_PASSCRED}, 1, false},
	{"broadcast", "udp://:0", func(o *Options) { o.Broadcast = ptr(true) }, place{0, unix.SOL_SOCKET, unix.SO_BROADCAST}, 1, false},
}

// refused says whether the kernel keeps the option from us: not being root is tested as well as being it.
func refused(name string) bool {
	return os.Getuid() != 0 && (name == "mark" || name == "transparent")
}

func TestOptionsAtOpen(t *testing.T) {
	for _, tt := range optionCases {
		s, err := Open(option1(tt.address, tt.set))
		if refused(tt.name) {
			if !errors.Is(err, unix.EPERM) {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := sockopt(t, s, tt.where.level, tt.where.opt); got != tt.want {
			t.Errorf("%s %s: the kernel says %d, expected %d", tt.name, tt.address, got, tt.want)
		}
	}
}

func TestOptionsLive(t *testing.T) {
	for _, tt := range optionCases {
		s := mustOpen(t, spec(tt.address))
		plain := s.Spec()
		before := sockopt(t, s, tt.where.level, tt.where.opt)
		changed := option1(tt.address, tt.set)
		if needs := NeedsReopen(plain, changed); (len(needs) > 0) != tt.fixed || tt.fixed && needs[0] != tt.name {
			t.Errorf("%s: NeedsReopen says %q", tt.name, needs)
		}
		err := s.Reconfigure(changed)
		if refused(tt.name) {
			if !errors.Is(err, unix.EPERM) {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		if tt.fixed {
			if err == nil || !strings.Contains(err.Error(), "cannot set "+tt.name+" of listener") {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		if got := sockopt(t, s, tt.where.level, tt.where.opt); err != nil || got != tt.want || !reflect.DeepEqual(s.Spec(), changed) {
			t.Errorf("%s %s: %v, the kernel says %d, expected %d", tt.name, tt.address, err, got, tt.want)
		}
		err = s.Reconfigure(plain)
		if tt.name == "bind_device" && os.Getuid() != 0 {
			if !errors.Is(err, unix.EPERM) { // only a socket without one gets one freely (socket(7))
				t.Errorf("bind_device taken away: %v", err)
			}
			continue
		}
		if got := sockopt(t, s, tt.where.level, tt.where.opt); err != nil || got != before {
			t.Errorf("%s %s taken away: %v, the kernel says %d, before %d", tt.name, tt.address, err, got, before)
		}
		if s.Address().listens() {
			dial(t, s)
		}
	}
}

// Every option of the table has a case above, or a test of its own.
func TestOptionsAreAllTested(t *testing.T) {
	elsewhere := []string{"congestion", "pipe_size"}
	for _, a := range (Options{}).attributes() {
		tested := slices.Contains(elsewhere, a.name)
		for _, tt := range optionCases {
			tested = tested || tt.name == a.name
		}
		if !tested {
			t.Errorf("%s is not tested", a.name)
		}
	}
	if want, got := reflect.TypeFor[Options]().NumField(), len((Options{}).attributes()); want != got {
		t.Errorf("Options has %d fields, attributes %d", want, got)
	}
}

func TestCongestionLive(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	was := congestion(t, s)
	if err := s.Reconfigure(option1("tcp://:0", func(o *Options) { o.Congestion = "reno" })); err != nil || congestion(t, s) != "reno" {
		t.Errorf("%v %q", err, congestion(t, s))
	}
	if err := s.Reconfigure(spec("tcp://:0")); err != nil || congestion(t, s) != was {
		t.Errorf("%v %q", err, congestion(t, s))
	}
}

func congestion(t *testing.T, s *Socket) string {
	t.Helper()
	v, err := place{0, unix.IPPROTO_TCP, unix.TCP_CONGESTION}.get(s.d.fd)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(v.text, "\x00")
}

func TestPipeSizeLive(t *testing.T) {
	sp := spec("fifo://" + unixPath(t))
	s := mustOpen(t, sp)
	size := func() int {
		n, err := unix.FcntlInt(uintptr(s.d.fd), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := size()
	large := sp
	large.Options.PipeSize = 1 << 18
	if err := s.Reconfigure(large); err != nil || size() != 1<<18 {
		t.Errorf("%v %d", err, size())
	}
	if _, err := unix.Write(s.d.fd, make([]byte, 1<<17)); err != nil {
		t.Fatal(err)
	}
	small := sp
	small.Options.PipeSize = 1 << 12
	if err := s.Reconfigure(small); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "more data than the new size") || size() != 1<<18 {
		t.Errorf("%v %d", err, size())
	}
	if _, err := unix.Read(s.d.fd, make([]byte, 1<<17)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reconfigure(sp); err != nil || size() != before {
		t.Errorf("%v %d", err, size())
	}
}

func TestReconfigurePutsBack(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	bad := option1("tcp://:0", func(o *Options) { o.NoDelay, o.TTL = ptr(true), ptr(300) })
	bad.Backlog = 9
	if err := s.Reconfigure(bad); !errors.Is(err, unix.EINVAL) {
		t.Errorf("got %v", err)
	}
	if got := sockopt(t, s, unix.IPPROTO_TCP, unix.TCP_NODELAY); got != 0 || state(t, s).Backlog == 9 || s.Spec().Backlog != 0 {
		t.Errorf("no_delay is %d, state %+v", got, state(t, s))
	}
}

func TestReconfigureFile(t *testing.T) {
	sp := spec("unix://" + unixPath(t))
	sp.Mode = 0o600
	s := mustOpen(t, sp)
	sp.Mode, sp.GID = 0o660, os.Getgid()
	if err := s.Reconfigure(sp); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(sp.Address.Path); err != nil || fi.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", fi, err)
	}
	if err := errors.Join(os.Remove(sp.Address.Path), os.WriteFile(sp.Address.Path, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	sp.Mode = 0o666
	if err := s.Reconfigure(sp); err == nil || !strings.Contains(err.Error(), "no longer the listener's own") {
		t.Errorf("got %v", err)
	}
	if fi, err := os.Stat(sp.Address.Path); err != nil || fi.Mode().Perm() != 0o644 {
		t.Errorf("somebody else's file got mode %v %v", fi.Mode(), err)
	}
}

// SO_RCVBUF is cut at net.core.rmem_max, unless we may go beyond.
func TestProcBufferCutIsAWarning(t *testing.T) {
	limit, err := readNumber("/proc/sys/net/core/rmem_max")
	if err != nil {
		t.Fatal(err)
	}
	large := option1("udp4://127.0.0.1:0", func(o *Options) { o.ReceiveBuffer = limit + 4096 })
	if os.Getuid() == 0 {
		if s := mustOpen(t, large); len(s.Warnings()) > 0 || sockopt(t, s, unix.SOL_SOCKET, unix.SO_RCVBUF) < 2*limit {
			t.Errorf("%q", s.Warnings())
		}
	}
	a := inChild(t, task{UID: 65534, SameNet: os.Getuid() == 0, Specs: []Spec{large}})
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "net.core.rmem_max") {
		t.Errorf("%+v", a)
	}
}

func TestProcFastOpenWithoutServer(t *testing.T) {
	a := inChild(t, task{Sysctl: map[string]string{"net/ipv4/tcp_fastopen": "1"},
		Specs: []Spec{option1("tcp://:0", func(o *Options) { o.FastOpen = 5 })}})
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "sysctl -w net.ipv4.tcp_fastopen=3") {
		t.Errorf("%+v", a)
	}
}
