//go:build linux

package fdpass

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestGivenRefusesBadVariables(t *testing.T) {
	me := fmt.Sprint(os.Getpid())
	for _, tt := range []struct {
		env   []string
		cause string
	}{
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=x"}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=-1"}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=+1"}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS= 1"}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=01"}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS="}, "LISTEN_FDS is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=65537"}, "at most 65536"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=99999999999999999999"}, "plain decimal"},
		{[]string{"LISTEN_PID=12x", "LISTEN_FDS=1"}, "LISTEN_PID is"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=2", "LISTEN_FDNAMES=a"}, "1 names for 2"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=1", "LISTEN_FDNAMES=a:b"}, "2 names for 1"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=1", "LISTEN_FDNAMES="}, "a name of 0 bytes"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=1", "LISTEN_FDNAMES=a\tb"}, "not printable"},
		{[]string{"LISTEN_PID=" + me, "LISTEN_FDS=60000"}, "is not open"},
	} {
		before := openDescriptors(t)
		list, rest, err := Given(append(tt.env, "HOME=/"), os.Getpid())
		if err == nil || !strings.Contains(err.Error(), tt.cause) || list != nil {
			t.Errorf("%q: got %v, %v", tt.env, list, err)
		}
		if !slices.Equal(rest, []string{"HOME=/"}) {
			t.Errorf("%q: rest is %q", tt.env, rest)
		}
		if after := openDescriptors(t); after > before {
			t.Errorf("%q: %d descriptors before, %d after", tt.env, before, after)
		}
	}
}

// givenReport is what a socket-activated child found.
type givenReport struct {
	Error   string
	Names   []string
	Matched []int
	States  []State
	Rest    []string // LISTEN_ variables left
	Errors  []string // of Restore
}

// childGiven takes what it was given, as supervise does, for the listeners in arg.
func childGiven(arg string) error {
	var addresses []string
	if err := json.Unmarshal([]byte(arg), &addresses); err != nil {
		return err
	}
	var r givenReport
	list, rest, err := Given(os.Environ(), os.Getpid())
	if err != nil {
		r.Error = err.Error()
	}
	for _, kv := range rest {
		if strings.HasPrefix(kv, "LISTEN_") {
			r.Rest = append(r.Rest, kv)
		}
	}
	for _, n := range list {
		r.Names = append(r.Names, n.Name)
	}
	for i, a := range addresses {
		r.match(list, spec(a), i)
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (r *givenReport) match(list []Named, sp Spec, i int) {
	sp.Name, sp.Backlog = fmt.Sprintf("l%d", i), 9
	at := Match(list, sp)
	r.Matched = append(r.Matched, at)
	if at < 0 {
		return
	}
	s, err := Restore(sp, list[at].Descriptor)
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
		return
	}
	st, _ := s.State()
	r.States = append(r.States, st)
}

// activated starts the child under systemd-socket-activate; flags choose the sockets. poke makes it start.
func activated(t *testing.T, addresses []string, poke func(), flags ...string) givenReport {
	t.Helper()
	arg, err := json.Marshal(addresses)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "systemd-socket-activate", append(flags, "-E", quickExit, "-E", "FDPASS_CHILD=given "+string(arg), self)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start systemd-socket-activate (Debian package systemd): %v", err)
	}
	log := waitListening(t, stderr, strings.Count(strings.Join(flags, " "), "-l "))
	poke()
	_, _ = log.WriteTo(&strings.Builder{})
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	var r givenReport
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return r
}

func TestProcGivenBySystemdSocketActivate(t *testing.T) {
	port, path := fmt.Sprint(reserve(t, "tcp://127.0.0.1:0")), unixPath(t)
	r := activated(t, []string{"unix://" + path, "tcp://127.0.0.1:" + port, "tcp://127.0.0.1:1"}, func() {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}, "-l", "127.0.0.1:"+port, "-l", path)
	if r.Error != "" || len(r.Errors) > 0 || len(r.Rest) > 0 || !slices.Equal(r.Matched, []int{1, 0, -1}) {
		t.Fatalf("%+v", r)
	}
	for _, st := range r.States {
		if st.Backlog != 9 || !st.Listening {
			t.Errorf("state is %+v", st)
		}
	}
}

func TestProcGivenByName(t *testing.T) {
	port := fmt.Sprint(reserve(t, "tcp://127.0.0.1:0"))
	r := activated(t, []string{"tcp://127.0.0.1:1", "tcp4://127.0.0.1:" + port}, func() {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}, "-l", "127.0.0.1:"+port, "--fdname=l0")
	expected := "it is bound to tcp://127.0.0.1:" + port
	if !slices.Equal(r.Names, []string{"l0"}) || len(r.Errors) == 0 || !strings.Contains(r.Errors[0], expected) {
		t.Errorf("%+v", r)
	}
}

func TestProcGivenDatagram(t *testing.T) {
	s := mustOpen(t, spec("udp://127.83.0.1:0")) // an address at which nobody else is
	s.Close()
	at := fmt.Sprint("127.83.0.1:", s.Address().Port)
	r := activated(t, []string{"udp://" + at, "tcp://" + at}, func() {
		c, err := net.Dial("udp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}, "-d", "-l", at)
	if len(r.Errors) > 0 || !slices.Equal(r.Matched, []int{0, -1}) || !r.States[0].Listening {
		t.Errorf("%+v", r)
	}
}

func TestMatch(t *testing.T) {
	tcp, udp := mustOpen(t, spec("tcp://127.0.0.1:0")), mustOpen(t, spec("udp://:0"))
	path := mustOpen(t, spec("unix://"+unixPath(t)))
	list := []Named{{"a", tcp.Descriptor()}, {"unknown", udp.Descriptor()}, {"unknown", path.Descriptor()}}
	named := func(name string, a Address) Spec { return Spec{Name: name, Address: a} }
	for i, tt := range []struct {
		spec Spec
		want int
	}{
		{named("x", tcp.Address()), 0},
		{named("x", udp.Address()), 1},
		{named("x", path.Address()), 2},
		{named("a", path.Address()), 0}, // by name first
		{named("x", spec("tcp://127.0.0.1:0").Address), -1},
		{named("x", spec("unix:///other").Address), -1},
		{named("x", spec("fifo:///other").Address), -1},
	} {
		if got := Match(list, tt.spec); got != tt.want {
			t.Errorf("case %d: got %d, expected %d", i, got, tt.want)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	tcp := mustOpen(t, spec("tcp://127.0.0.1:0"))
	address := tcp.Address().String()
	dup := func(s *Socket) *Descriptor {
		d, err := s.Descriptor().Dup()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	file := func() *Descriptor {
		fd, err := unix.Open(t.TempDir(), unix.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		return NewDescriptor(fd)
	}
	for _, tt := range []struct {
		spec   string
		d      *Descriptor
		expect string
		errno  error
	}{
		{address, file(), "the descriptor is not a socket", unix.ENOTSOCK},
		{address, &Descriptor{fd: 1 << 20}, "the descriptor is not open", unix.EBADF},
		{address, dup(mustOpen(t, spec("udp://127.0.0.1:0"))), "it is an IPv4 datagram socket, expected was an IPv4 stream socket", nil},
		{address, dup(mustOpen(t, spec("tcp://[::1]:0"))), "it is an IPv6 stream socket, expected was an IPv4 stream socket", nil},
		{address, dup(mustOpen(t, spec("unix://@fdpass-restore"))), "it is a unix stream socket", nil},
		{address, dup(mustOpen(t, spec("tcp://0.0.0.0:0"))), "it is bound to tcp://0.0.0.0:", nil},
		{"tcp://127.0.0.2:0", dup(tcp), "it is bound to " + address, nil},
		{"tcp://:0", dup(mustOpen(t, spec("tcp6://:0"))), "it has ipv6_only = true", nil},
		{"tcp6://:0", dup(mustOpen(t, spec("tcp://:0"))), "it has ipv6_only = false", nil},
		{"fifo:///nowhere", dup(tcp), "it is not a fifo", nil},
		{"unix://@fdpass-other", dup(mustOpen(t, spec("unix://@fdpass-restore2"))), "it is bound to unix://@fdpass-", nil},
	} {
		_, err := Restore(spec(tt.spec), tt.d)
		if err == nil || !strings.Contains(err.Error(), tt.expect) || tt.errno != nil && !errors.Is(err, tt.errno) {
			t.Errorf("got %v, expected %q", err, tt.expect)
		}
		if !strings.HasSuffix(err.Error(), ")") {
			t.Errorf("%v: it does not say what to do", err)
		}
		if tt.d.Close() != os.ErrClosed {
			t.Errorf("%q: the descriptor is still open", tt.expect)
		}
	}
}

func TestRestoreRefusesWhatDoesNotListen(t *testing.T) {
	l := mustOpen(t, spec("tcp://127.0.0.1:0"))
	c, err := FromFile(connFile(t, dial(t, l)))
	if err != nil {
		t.Fatal(err)
	}
	a, err := addressOf(c.fd, "tcp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(Spec{Name: "web", Address: a}, c); err == nil || !strings.Contains(err.Error(), "it is not listening") {
		t.Errorf("got %v", err)
	}
	u := mustOpen(t, spec("unix://@fdpass-shut"))
	d, err := u.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Shutdown(u.d.fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(u.Spec(), d); err == nil || !strings.Contains(err.Error(), "shutdown(2)") {
		t.Errorf("got %v", err)
	}
}

func connFile(t *testing.T, c net.Conn) *os.File {
	t.Helper()
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// What Open made, another process takes over with everything: backlog, options, the file and its hidden name.
func TestRestoreTakesOver(t *testing.T) {
	for _, address := range []string{"tcp://:0", "tcp://127.0.0.1:0", "udp://:0", "unix://" + unixPath(t), "unixgram://" + unixPath(t),
		"unixpacket://@fdpass-takeover", "fifo://" + unixPath(t), "vsock://:0"} {
		sp := spec(address)
		old, err := Open(sp)
		if err != nil {
			t.Fatal(err)
		}
		if sp.Address.listens() {
			sp.Backlog = 5
		}
		if sp.Address.isIP() {
			sp.Options.TTL = ptr(9)
		}
		d, err := old.Descriptor().Dup()
		if err != nil {
			t.Fatal(err)
		}
		old.d.Close()
		s, err := Restore(sp, d)
		if err != nil {
			t.Fatal(err)
		}
		if s.Address() != old.Address() || (s.file == nil) != (old.file == nil) {
			t.Errorf("%s: %v %+v", address, s.Address(), s.file)
		}
		if st := state(t, s); !st.Listening || sp.Backlog != 0 && st.Backlog != 5 && sp.Address.Network != "vsock" {
			t.Errorf("%s: state is %+v", address, st)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := identify(sp.Address.Path); sp.Address.hasFile() && !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s: the path is still there", address)
		}
	}
}
