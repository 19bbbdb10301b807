package fdpass

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// optionCases: every option that Windows has, and what it says when it is set.
var optionCases = []struct {
	name    string
	address string
	set     func(*Options)
	where   place
	want    int
}{
	{"keepalive", "tcp://:0", func(o *Options) { o.KeepAlive = ptr(true) }, place{0, windows.SOL_SOCKET, windows.SO_KEEPALIVE}, 1},
	{"keepalive_idle", "tcp://:0", func(o *Options) { o.KeepAliveIdle = 99 * time.Second }, place{0, windows.IPPROTO_TCP, windows.TCP_KEEPIDLE}, 99},
	{"keepalive_interval", "tcp4://:0", func(o *Options) { o.KeepAliveInterval = 1500 * time.Millisecond }, place{0, windows.IPPROTO_TCP, windows.TCP_KEEPINTVL}, 2},
	{"keepalive_count", "tcp://:0", func(o *Options) { o.KeepAliveCount = 4 }, place{0, windows.IPPROTO_TCP, windows.TCP_KEEPCNT}, 4},
	{"no_delay", "tcp://:0", func(o *Options) { o.NoDelay = ptr(true) }, place{0, windows.IPPROTO_TCP, windows.TCP_NODELAY}, 1},
	{"fast_open", "tcp://:0", func(o *Options) { o.FastOpen = 16 }, place{0, windows.IPPROTO_TCP, windows.TCP_FASTOPEN}, 1},
	{"receive_buffer", "tcp://:0", func(o *Options) { o.ReceiveBuffer = 1 << 16 }, place{0, windows.SOL_SOCKET, windows.SO_RCVBUF}, 1 << 16},
	{"send_buffer", "udp4://:0", func(o *Options) { o.SendBuffer = 1 << 15 }, place{0, windows.SOL_SOCKET, windows.SO_SNDBUF}, 1 << 15},
	{"ttl", "tcp4://:0", func(o *Options) { o.TTL = ptr(9) }, place{0, windows.IPPROTO_IP, windows.IP_TTL}, 9},
	{"ttl", "tcp6://:0", func(o *Options) { o.TTL = ptr(9) }, place{0, windows.IPPROTO_IPV6, windows.IPV6_UNICAST_HOPS}, 9},
	{"broadcast", "udp4://:0", func(o *Options) { o.Broadcast = ptr(true) }, place{0, windows.SOL_SOCKET, windows.SO_BROADCAST}, 1},
}

func read(t *testing.T, s *Socket, p place) int {
	t.Helper()
	var n int
	err := s.Descriptor().Use(func(fd int) (err error) {
		n, err = windows.GetsockoptInt(windows.Handle(fd), p.level, p.opt)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOptions: set at Open, or later on a live socket, and taken back.
func TestOptions(t *testing.T) {
	for _, tt := range optionCases {
		t.Run(tt.name, func(t *testing.T) {
			if tt.where.level == windows.IPPROTO_TCP && tt.where.opt != windows.TCP_NODELAY {
				underWine(t, "it has neither TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT nor TCP_FASTOPEN")
			}
			given, plain := option1(tt.address, tt.set), spec(tt.address)
			s, err := Open(given)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got := read(t, s, tt.where); got != tt.want {
				t.Errorf("after Open %d, want %d", got, tt.want)
			}
			late := mustOpen(t, plain)
			before := read(t, late, tt.where)
			for i, step := range []struct {
				sp   Spec
				want int
			}{{given, tt.want}, {plain, before}, {given, tt.want}} {
				if err := late.Reconfigure(step.sp); err != nil {
					t.Fatal(err)
				}
				if got := read(t, late, tt.where); got != step.want {
					t.Errorf("step %d: %d, want %d", i, got, step.want)
				}
			}
		})
	}
}

// TestKeepAliveTimes: the older way is taken, too, and turns keepalive on only where it is wanted.
func TestKeepAliveTimes(t *testing.T) {
	for _, o := range []Options{
		{KeepAlive: ptr(true), KeepAliveIdle: 99 * time.Second}, {KeepAlive: ptr(true), KeepAliveInterval: time.Second},
		{KeepAliveIdle: 99 * time.Second, KeepAliveInterval: time.Second}, {},
	} {
		s := mustOpen(t, spec("tcp://127.0.0.1:0"))
		err := s.Descriptor().Use(func(fd int) error { return keepAliveTimes(windows.Handle(fd), o) })
		if err != nil {
			t.Fatal(err)
		}
		if on := read(t, s, place{0, windows.SOL_SOCKET, windows.SO_KEEPALIVE}); (on != 0) != isTrue(o.KeepAlive) {
			t.Errorf("%+v: keepalive is %d", o, on)
		}
	}
}

// TestKeepAliveLive: times that are given or no longer given to a live socket.
func TestKeepAliveLive(t *testing.T) {
	plain := spec("tcp://127.0.0.1:0")
	given := option1("tcp://127.0.0.1:0", func(o *Options) {
		o.KeepAlive, o.KeepAliveIdle, o.KeepAliveInterval = ptr(true), 9*time.Second, 2*time.Second
	})
	s := mustOpen(t, given)
	for i, sp := range []Spec{plain, given, plain} {
		if err := s.Reconfigure(sp); err != nil {
			t.Fatal(err)
		}
		if on := read(t, s, place{0, windows.SOL_SOCKET, windows.SO_KEEPALIVE}); (on != 0) != isTrue(sp.Options.KeepAlive) {
			t.Errorf("step %d: keepalive is %d", i, on)
		}
	}
}

// TestOptionsRefused: what Windows does not have is refused by its name, at every door, and nothing is changed then.
func TestOptionsRefused(t *testing.T) {
	given := Options{
		ReusePort: ptr(true), FreeBind: ptr(true), Transparent: ptr(true), BindDevice: "lo", Mark: ptr(uint32(1)), DeferAccept: time.Second,
		UserTimeout: time.Second, Congestion: "cubic", Multipath: true, TOS: ptr(1), Priority: ptr(1), PassCredentials: ptr(true), PipeSize: 4096,
	}
	var names []string
	for _, a := range given.attributes() {
		if a.given {
			names = append(names, a.name)
		}
	}
	for _, a := range (Options{}).attributes() {
		if _, ok := optionNamed(a.name); !ok && a.name != "ipv6_only" && !slices.Contains(names, a.name) {
			t.Errorf("%s is not tested", a.name)
		}
	}
	for name, o := range oneByOne(given) {
		sp := spec("tcp://127.0.0.1:0")
		live := mustOpen(t, sp)
		sp.Options = o
		_, atOpen := Open(sp)
		_, atRestore := Restore(sp, mustDuplicate(t, live))
		for where, err := range map[string]error{"Open": atOpen, "Restore": atRestore, "Reconfigure": live.Reconfigure(sp)} {
			var failed *OpenError
			if !errors.As(err, &failed) || failed.Op != name || !strings.HasPrefix(failed.Cause, "it ") {
				t.Errorf("%s of %s: %v", where, name, err)
			}
		}
	}
}

// oneByOne gives each option alone.
func oneByOne(all Options) map[string]Options {
	return map[string]Options{
		"reuse_port": {ReusePort: all.ReusePort}, "free_bind": {FreeBind: all.FreeBind}, "transparent": {Transparent: all.Transparent},
		"bind_device": {BindDevice: all.BindDevice}, "mark": {Mark: all.Mark}, "defer_accept": {DeferAccept: all.DeferAccept},
		"user_timeout": {UserTimeout: all.UserTimeout}, "congestion": {Congestion: all.Congestion}, "multipath": {Multipath: all.Multipath},
		"tos": {TOS: all.TOS}, "priority": {Priority: all.Priority}, "pass_credentials": {PassCredentials: all.PassCredentials},
		"pipe_size": {PipeSize: all.PipeSize},
	}
}
