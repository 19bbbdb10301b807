package adopt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Calls that are none of ours, or cannot be answered, go on as if there were no supervise, and are reported where that matters.
func TestProcPassed(t *testing.T) {
	program := actor(t)
	for _, c := range []struct {
		name, sharing, does string
		address             fdpass.Address
		says                string // by the program
		kind                Kind   // 0: nothing is reported
		why                 string
	}{
		{"another port", "generation", "tcp4 bind=127.0.0.1:1 listen=5", tcp4(), "", Unmanaged, ""},
		{"another address", "generation", "tcp4 bind=127.83.0.1:PORT listen=5", tcp4(), "", Unmanaged, ""},
		{"any port", "generation", "tcp4 bind=127.0.0.1:0 listen=5", tcp4(), "", 0, ""},
		{"listen without bind", "generation", "tcp4 listen=5", tcp4(), "", 0, ""},
		{"datagrams", "generation", "udp4 bind=127.0.0.1:PORT", tcp4(), "", 0, ""},
		{"no address", "generation", "tcp4 badbind", tcp4(), "badbind: Bad address", 0, ""},
		{"no descriptor", "generation", "bind=127.0.0.1:PORT", tcp4(), "bind: Bad file descriptor", 0, ""},
		{"no descriptor to listen", "generation", "listen=5", tcp4(), "listen: Bad file descriptor", 0, ""},
		{"the listener is IPv6", "generation", "tcp4 bind=0.0.0.0:PORT", fdpass.Address{Network: "tcp"}, "", NotIntercepted, "the program opens an IPv4 socket, and listener \"a\" at tcp://[::]:"},
		{"the listener is IPv4", "all", "tcp6 bind=:::PORT", fdpass.Address{Network: "tcp4"}, "bind: Address already in use", NotIntercepted, "the program opens an IPv6 socket, and listener \"a\" is at tcp4://0.0.0.0:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.sharing, c.address)
			p := r.start(append([]string{program}, r.words(c.does)...)...)
			if got := strings.TrimSpace(p.rest()); got != c.says {
				t.Errorf("the program says %q", got)
			}
			if err := <-p.served; err != nil {
				t.Error(err)
			}
			var got []Event
			for len(r.events) > 0 {
				got = append(got, <-r.events)
			}
			if c.kind == 0 && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Kind != c.kind || !strings.HasPrefix(got[0].Why, c.why) || got[0].Address == "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestProcSeveralSockets(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	does := "tcp4 reuseport bind=AT listen=5 fork tcp4 reuseport bind=AT listen=5 say=both serve"
	p := r.start(append([]string{actor(t)}, r.words(does)...)...)
	p.line("both")
	first, second := r.expect(p, Listened), r.expect(p, Listened)
	if n := len(r.sockets.Members(0)); n != 2 || first.PID == second.PID {
		t.Errorf("there are %d members, of %d and %d", n, first.PID, second.PID)
	}
}

// A program that comes back to the address, after a crash, gets the member where connections wait.
func TestProcMemberOfCrashedProgram(t *testing.T) {
	program := actor(t)
	r := newRig(t, "generation", tcp4())
	first := r.start(append([]string{program}, r.words("tcp4 bind=AT listen=5 serve")...)...)
	r.expect(first, Listened)
	first.kill()
	if err := <-first.served; err != nil {
		t.Fatal(err)
	}
	second := r.start(append([]string{program}, r.words("tcp4 bind=AT listen=5 serve")...)...)
	if e := r.expect(second, Listened); e.Mode != Inject {
		t.Errorf("got %+v", e)
	}
	r.ask(0)
	if n := len(r.sockets.Members(0)); n != 1 {
		t.Errorf("there are %d members", n)
	}
}

// A socket that cannot join is replaced, at bind when that is known then, otherwise at listen.
func TestProcCannotJoin(t *testing.T) {
	program := actor(t)
	for name, prepare := range map[string]func(*sockets){
		"known":   func(s *sockets) { s.refuse = errors.New("not steered") },
		"unknown": func(s *sockets) { s.fail = errors.New("the keeper does not hold it") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "generation", tcp4())
			prepare(r.sockets)
			p := r.start(append([]string{program}, r.words("tcp4 nonblock epoll bind=AT listen=5 cloexec eserve")...)...)
			if e := r.expect(p, Listened); e.Mode != Inject {
				t.Errorf("got %+v", e)
			}
			r.ask(0)
		})
	}
}

// A path that the kernel will refuse is the program's own mistake.
func TestProcEndlessPath(t *testing.T) {
	r := newRig(t, "all", fdpass.Address{Network: "unix", Path: filepath.Join(t.TempDir(), "app.sock")})
	p := r.start(actor(t), "unlink="+strings.Repeat("/a", 3000))
	if said := strings.TrimSpace(p.rest()); said != "unlink: File name too long" {
		t.Errorf("the program says %q", said)
	}
	if err := <-p.served; err != nil || len(r.events) > 0 {
		t.Errorf("%v, %d events", err, len(r.events))
	}
}

func TestProcUnixPath(t *testing.T) {
	program := actor(t)
	for _, c := range []struct{ name, path, does string }{
		{"plain", "app.sock", "unix bindpath=DIR/app.sock listen=5 serve"},
		{"unlinked first", "app.sock", "unlink=DIR/app.sock exists=DIR/app.sock unix bindpath=DIR/app.sock listen=5 serve"},
		{"unlinkat", "app.sock", "unlinkat=DIR/app.sock exists=DIR/app.sock unix bindpath=DIR/app.sock listen=5 serve"},
		{"relative", "app.sock", "chdir=DIR unlink=app.sock exists=app.sock unix bindpath=app.sock listen=5 serve"},
		{"by another way", "app.sock", "unlink=DIR/../link/./app.sock unix bindpath=DIR/../link/app.sock listen=5 serve"},
		{"another root", "app.sock", "chroot=DIR unlink=/app.sock unix bindpath=/app.sock listen=5 serve"},
		{"not blocking, watched", "app.sock", "unix nonblock epoll bindpath=DIR/app.sock listen=5 cloexec eserve"},
		{"another file is unlinked", "app.sock", "unlink=DIR/other unix bindpath=DIR/app.sock listen=5 serve"},
		{"abstract", "", "unix bindpath=PATH listen=5 serve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "run")
			if err := errors.Join(os.Mkdir(dir, 0o755), os.Symlink("run", filepath.Join(parent, "link")), os.WriteFile(filepath.Join(dir, "other"), nil, 0o644)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, c.path)
			if c.path == "" {
				path = "@" + filepath.Base(parent) + t.Name()
			}
			r := newRig(t, "all", fdpass.Address{Network: "unix", Path: path})
			does := strings.ReplaceAll(strings.ReplaceAll(c.does, "DIR", dir), "PATH", path)
			p := r.start(append([]string{program}, strings.Fields(does)...)...)
			if e := r.expect(p, Listened); e.Mode != Shared {
				t.Errorf("got %+v", e)
			}
			r.ask(0)
			if _, err := os.Stat(filepath.Join(dir, "other")); (err != nil) != strings.Contains(c.name, "another file") {
				t.Errorf("the other file: %v", err)
			}
		})
	}
}

// What the program sets on its socket before bind holds for the one in its place, unless the configuration says something.
func TestProcOptionsAreCopied(t *testing.T) {
	program := actor(t)
	for _, c := range []struct {
		name, does        string
		configured        int // receive_buffer
		keepalive, rcvbuf int // both as the kernel gives them
	}{
		{"the program's", "tcp4 keepalive=1 rcvbuf=20000 bind=AT listen=5 serve", 0, 1, 40000},
		{"the program's, of multipath TCP", "mptcp4 keepalive=1 rcvbuf=20000 bind=AT listen=5 serve", 0, 1, 40000},
		{"the configuration's", "tcp4 keepalive=1 rcvbuf=20000 bind=AT listen=5 serve", 30000, 1, 60000},
		{"none", "tcp4 bind=AT listen=5 serve", 30000, 0, 60000},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, "all", tcp4())
			model := r.sockets.models[0]
			spec := model.Spec()
			spec.Options.ReceiveBuffer = c.configured
			if err := model.Reconfigure(spec); err != nil {
				t.Fatal(err)
			}
			p := r.start(append([]string{program}, r.words(c.does)...)...)
			r.expect(p, Listened)
			for option, want := range map[int]int{unix.SO_KEEPALIVE: c.keepalive, unix.SO_RCVBUF: c.rcvbuf} {
				if got := intOption(t, model.Descriptor(), option); got != want {
					t.Errorf("option %d is %d, not %d", option, got, want)
				}
			}
		})
	}
}

func intOption(t *testing.T, d *fdpass.Descriptor, name int) (value int) {
	t.Helper()
	err := d.Use(func(fd int) (err error) {
		value, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}
