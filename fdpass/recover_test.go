//go:build linux

package fdpass

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// survivor ends a Socket as the end of its process does and gives what is left: its identity, as it was stored, and a
// descriptor that somebody else kept.
func survivor(t *testing.T, s *Socket) (Identity, *Descriptor) {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(s.Identity())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	var id Identity
	if err := json.Unmarshal(stored, &id); err != nil {
		t.Fatal(err)
	}
	return id, d
}

func mustRecover(t *testing.T, id Identity, d *Descriptor) *Socket {
	t.Helper()
	s, err := Recover(id, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// networks is one address of every kind.
func networks(t *testing.T) []string {
	return []string{"tcp://:0", "tcp://127.0.0.1:0", "tcp6://[::1]:0", "udp://:0", "unix://" + unixPath(t), "unixgram://" + unixPath(t),
		"unixpacket://" + unixPath(t), "unix://@fdpass-recover", "fifo://" + unixPath(t), "vsock://:0"}
}

func TestRecoverEveryNetwork(t *testing.T) {
	for _, address := range networks(t) {
		before := mustOpen(t, with(address, func(s *Spec) { s.Backlog = 7 }))
		if err := before.SetNonblocking(true); err != nil {
			t.Fatal(err)
		}
		was, identity := state(t, before), before.Identity()
		if before.Address().listens() && before.Address().Network != "vsock" {
			dial(t, before) // waits in the queue
			was.Queue++
		}
		s := recovered(t, before)
		if s.Address() != before.Address() || state(t, s) != was {
			t.Errorf("%s: %s %+v, was %s %+v", address, s.Address(), state(t, s), before.Address(), was)
		}
		if got := s.Identity(); !equalJSON(t, got, identity) {
			t.Errorf("%s: is %+v, was %+v", address, got, identity)
		}
		if s.Address().listens() && s.Address().Network != "vsock" {
			accept(t, s)
		}
		if s.Address().hasFile() {
			checkNames(t, s)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(filepath.Dir(s.Address().Path)); s.Address().hasFile() && len(left) != 0 {
			t.Errorf("%s: Close left %v", address, left)
		}
	}
}

func recovered(t *testing.T, s *Socket) *Socket {
	t.Helper()
	id, d := survivor(t, s)
	return mustRecover(t, id, d)
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	one, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(one, two)
}

// What others did meanwhile is neither refused nor mended: that is for those who can say who did it.
func TestProcRecoverWhatWasDamaged(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp://:0", "unix://" + unixPath(t), "udp://127.0.0.1:0"} {
		before := mustOpen(t, with(address, func(s *Spec) { s.Backlog = 7 }))
		id, d := survivor(t, before)
		if err := d.Use(func(fd int) error { return ignoreENOTCONN(unix.Shutdown(fd, unix.SHUT_RDWR)) }); err != nil {
			t.Fatal(err)
		}
		s := mustRecover(t, id, d)
		if state(t, s).Listening {
			t.Fatalf("%s: it says that it listens", address)
		}
		err := s.Relisten()
		if !s.Address().isTCP() {
			err = s.Reopen()
		}
		if err != nil || s.Address() != before.Address() {
			t.Errorf("%s: came back as %s: %v", before.Address(), s.Address(), err)
		}
		reaches(t, s)
	}
}

// UDP answers ENOTCONN and shuts down all the same.
func ignoreENOTCONN(err error) error {
	if errors.Is(err, unix.ENOTCONN) {
		return nil
	}
	return err
}

func TestRecoverAnotherBacklog(t *testing.T) {
	before := mustOpen(t, with("tcp://127.0.0.1:0", func(s *Spec) { s.Backlog = 7 }))
	id, d := survivor(t, before)
	if err := d.Use(func(fd int) error { return unix.Listen(fd, 3) }); err != nil {
		t.Fatal(err)
	}
	s := mustRecover(t, id, d)
	if got := state(t, s).Backlog; got != 3 {
		t.Errorf("backlog %d: it was changed", got)
	}
	if err := s.Relisten(); err != nil || state(t, s).Backlog != 7 {
		t.Errorf("%v %+v", err, state(t, s))
	}
}

// A port that bind(2) chose is lost at shutdown(2); the identity remembers it.
func TestRecoverALostPort(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	listenAtAnyPort(t, fd)
	given, err := Restore(spec("tcp://127.0.0.1:0"), NewDescriptor(fd))
	if err != nil {
		t.Fatal(err)
	}
	id, d := survivor(t, given)
	if err := d.Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }); err != nil {
		t.Fatal(err)
	}
	s := mustRecover(t, id, d)
	if err := s.Relisten(); !errors.Is(err, ErrNeedsReopen) {
		t.Errorf("got %v", err)
	}
	if err := s.Reopen(); err != nil || s.Address() != given.Address() {
		t.Fatalf("%v: %s, was %s", err, s.Address(), given.Address())
	}
	reaches(t, s)
}

func TestRecoverPaths(t *testing.T) {
	remove := func(t *testing.T, names ...string) {
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, network := range []string{"unix", "unixgram", "unixpacket", "fifo"} {
		t.Run(network, func(t *testing.T) {
			for name, gone := range map[string]func(path string){
				"the path is gone":        func(path string) { remove(t, path) },
				"the hidden name is gone": func(path string) { remove(t, asideOf(path)) },
				"both are gone":           func(path string) { remove(t, path, asideOf(path)) },
			} {
				path := unixPath(t)
				id, d := survivor(t, mustOpen(t, spec(network+"://"+path)))
				gone(path)
				s := mustRecover(t, id, d)
				_, err := s.RestorePath()
				if lost := name == "both are gone"; lost != (err != nil) {
					t.Errorf("%s: got %v", name, err)
				}
				if err != nil {
					err = s.Reopen()
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				checkNames(t, s)
			}
		})
	}
}

// A path that systemd made is not ours, not even in a later life.
func TestRecoverLeavesTheirPath(t *testing.T) {
	path := unixPath(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	given, err := Restore(spec("unix://"+path), NewDescriptor(fd))
	if err != nil {
		t.Fatal(err)
	}
	id, d := survivor(t, given)
	s := mustRecover(t, id, d)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// Killed between Hold and the moment its address was written down: the configured one is compared.
func TestRecoverWithoutAddress(t *testing.T) {
	for _, address := range networks(t) {
		before := mustOpen(t, spec(address))
		id, d := survivor(t, before)
		id.Address, id.Made = Address{}, false
		s := mustRecover(t, id, d)
		if s.Address() != before.Address() {
			t.Errorf("%s: %s, was %s", address, s.Address(), before.Address())
		}
		if s.Address().hasFile() {
			checkNames(t, s)
		}
	}
	_, d := survivor(t, mustOpen(t, spec("tcp://127.0.0.1:0")))
	if _, err := Recover(Identity{Spec: spec("tcp://127.0.0.2:0")}, d); err == nil || !strings.Contains(err.Error(), "it is bound to tcp://127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestRecoverRefuses(t *testing.T) {
	web := mustOpen(t, spec("tcp://127.0.0.1:0")).Identity()
	dup := func(address string) *Descriptor {
		_, d := survivor(t, mustOpen(t, spec(address)))
		return d
	}
	file, err := unix.Open(t.TempDir(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id     Identity
		d      *Descriptor
		expect string
	}{
		{web, NewDescriptor(file), "the descriptor is not a socket"},
		{web, &Descriptor{fd: 1 << 20}, "the descriptor is not open"},
		{web, dup("udp://127.0.0.1:0"), "it is an IPv4 datagram socket, expected was an IPv4 stream socket"},
		{web, dup("tcp://127.0.0.1:0"), "it is bound to tcp://127.0.0.1:"},
		{Identity{Spec: spec("fifo:///nowhere")}, dup("tcp://127.0.0.1:0"), "it is not a fifo"},
		{Identity{Spec: spec("carrier://pigeon:0")}, dup("tcp://127.0.0.1:0"), "carrier"},
	} {
		_, err := Recover(tt.id, tt.d)
		if err == nil || !strings.Contains(err.Error(), tt.expect) || !strings.HasPrefix(err.Error(), `cannot take listener "web" at `) {
			t.Errorf("got %v, expected %q", err, tt.expect)
		}
		if tt.d.Close() != os.ErrClosed {
			t.Errorf("%q: the descriptor is still open", tt.expect)
		}
	}
}

func TestRecoverPaused(t *testing.T) {
	before := mustOpen(t, spec("tcp://127.0.0.1:0"))
	if mayNotPause(t, before) {
		return
	}
	if err := before.Pause(); err != nil {
		t.Fatal(err)
	}
	id, d := survivor(t, before)
	s := mustRecover(t, id, d)
	if !s.Paused() {
		t.Fatal("it does not know that it is paused")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	reaches(t, s)
	again, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(s.Spec(), again)
	if err != nil || !restored.Paused() {
		t.Errorf("Restore: %v", err)
	}
	_ = restored.Close()
}

// A filter that a worker put on is not ours, whatever its length.
func TestRecoverOthersFilters(t *testing.T) {
	let := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}
	for _, program := range [][]unix.SockFilter{{let}, {{Code: unix.BPF_LD | unix.BPF_IMM}, let}, make64(let)} {
		before := mustOpen(t, spec("udp://127.0.0.1:0"))
		err := before.Descriptor().Use(func(fd int) error {
			return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
		})
		if err != nil {
			t.Fatal(err)
		}
		id, d := survivor(t, before)
		if s := mustRecover(t, id, d); s.Paused() {
			t.Errorf("a filter of %d instructions was taken for a pause", len(program))
		}
	}
}

func make64(f unix.SockFilter) []unix.SockFilter {
	program := make([]unix.SockFilter, 64)
	for i := range program {
		program[i] = f
	}
	return program
}

func TestAbandon(t *testing.T) {
	s := mustOpen(t, spec("unix://"+unixPath(t)))
	count := openDescriptors(t)
	if err := s.Abandon(); err != nil || openDescriptors(t) >= count {
		t.Error(err, openDescriptors(t), count)
	}
	checkNames(t, s)
	if err := s.Abandon(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	checkNames(t, s)
}

func TestSweep(t *testing.T) {
	names := func(path string) (list []string) {
		all, _ := os.ReadDir(filepath.Dir(path))
		for _, e := range all {
			list = append(list, e.Name())
		}
		return list
	}
	cases := map[string]struct {
		make func(path string)
		left int
		err  bool
	}{
		"a fifo that nobody reads": {func(path string) {
			_ = mustOpen(t, spec("fifo://"+path)).Abandon()
		}, 0, false},
		"a fifo that lives": {func(path string) { mustOpen(t, spec("fifo://"+path)) }, 2, true},
		"a fifo of somebody else": {func(path string) {
			_ = unix.Mkfifo(path, 0o600)
		}, 1, false},
		"nothing is there": {func(string) {}, 0, false},
		"a dead one of ours": {func(path string) {
			_ = mustOpen(t, spec("unix://"+path)).Abandon()
		}, 0, false},
		"its path only is gone": {func(path string) {
			_ = mustOpen(t, spec("unix://"+path)).Abandon()
			_ = os.Remove(path)
		}, 0, false},
		"a dead one of somebody else": {func(path string) {
			_ = mustOpen(t, spec("unix://"+path)).Abandon()
			_ = os.Remove(asideOf(path))
		}, 1, false},
		"a live one": {func(path string) { mustOpen(t, spec("unix://"+path)) }, 2, true},
		"a file beside it": {func(path string) {
			_ = mustOpen(t, spec("unix://"+path)).Abandon()
			_ = os.Remove(path)
			_ = os.WriteFile(path, nil, 0o600)
		}, 2, true},
	}
	for name, c := range cases {
		path := unixPath(t)
		c.make(path)
		network := "unix"
		if strings.Contains(name, "fifo") {
			network = "fifo"
		}
		if err := Sweep(Address{Network: network, Path: path}); (err != nil) != c.err {
			t.Errorf("%s: got %v", name, err)
		}
		if got := names(path); len(got) != c.left {
			t.Errorf("%s: left are %q", name, got)
		}
	}
	for _, address := range []string{"tcp://:80", "unix://@fdpass-sweep", "fifo:///nowhere"} {
		if err := Sweep(spec(address).Address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The form is stored by one version and read by the next.
func TestIdentityGolden(t *testing.T) {
	yes := true
	id := Identity{
		Spec: Spec{Name: "web", Address: Address{Network: "tcp", Port: 8080}, Backlog: 4096, Mode: 0o660, UID: -1, GID: 7, Options: Options{
			IPv6Only: &yes, ReusePort: &yes, FreeBind: &yes, Transparent: &yes, BindDevice: "lo", Mark: ptr(uint32(1)), KeepAlive: &yes,
			KeepAliveIdle: 2e9, KeepAliveInterval: 3e9, KeepAliveCount: 4, NoDelay: &yes, DeferAccept: 5e9, FastOpen: 6, UserTimeout: 7e6,
			Congestion: "bbr", Multipath: true, ReceiveBuffer: 8, SendBuffer: 9, TOS: ptr(10), TTL: ptr(11), Priority: ptr(12),
			PassCredentials: &yes, Broadcast: &yes, PipeSize: 13,
		}},
		Address: Address{Network: "tcp", Host: "::", Port: 8080}, Made: true, Warnings: []string{"cut"},
	}
	text, err := json.MarshalIndent(id, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "identity.json")
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("%s differs (-update writes it):\n%s", path, text)
	}
	var back Identity
	if err := json.Unmarshal(want, &back); err != nil || !equalJSON(t, back, id) {
		t.Errorf("read back %+v: %v", back, err)
	}
}
