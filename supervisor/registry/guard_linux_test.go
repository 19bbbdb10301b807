package registry

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func relistenHere(t *testing.T, s *fdpass.Socket, n int) {
	t.Helper()
	if err := s.Descriptor().Use(func(fd int) error { return unix.Listen(fd, n) }); err != nil {
		t.Fatal(err)
	}
}

// guarded gives a registry with listener web, leased by generation 1, and its first worker.
func guarded(t *testing.T, o Options, address string) (*Registry, *record, *fdpass.Socket, *child) {
	t.Helper()
	r, rec := open(t, o)
	apply(t, r, listener(t, "web", address, backlog(50)))
	s := acquire(t, r, "app", 1, "web")[0].Socket()
	c := newChild(t, s)
	event(r, 1, c.pid, Started)
	return r, rec, s, c
}

func TestProcGuardBacklog(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://" + path(t), "unixpacket://" + path(t)} {
		r, rec, s, c := guarded(t, Options{}, address)
		c.do("listen")
		if got := state(t, s).Backlog; got != 5 {
			t.Fatalf("%s: the worker has set %d", address, got)
		}
		event(r, 1, c.pid, Ready)
		if got := state(t, s).Backlog; got != 50 {
			t.Errorf("%s: backlog %d, want 50", address, got)
		}
		line := rec.one(t, "worker changed the backlog of a listener, put back")
		sameWorker(t, line, 1, c.pid)
		if line["found"] != 5.0 || line["backlog"] != 50.0 || line["listener"] != "web" {
			t.Errorf("%s: %v", address, line)
		}
	}
}

// Status finds what no event led to; with several workers that may have done it all are named.
func TestProcGuardAtStatus(t *testing.T) {
	r, rec, s, c := guarded(t, Options{}, "tcp://127.0.0.1:0")
	event(r, 1, c.pid, Ready, Promoted)
	r.WorkerEvent(WorkerEvent{Service: "app", Generation: 1, Worker: 1, PID: 4242, Names: []string{"web"}, Kind: Started})
	r.WorkerEvent(WorkerEvent{Service: "app", Generation: 1, Worker: 1, PID: 4242, Names: []string{"web"}, Kind: Ready})
	c.do("listen")
	if l := r.Status()[0]; l.Backlog.Effective != 50 || state(t, s).Backlog != 50 {
		t.Errorf("status shows %d, the socket has %d, want 50", l.Backlog.Effective, state(t, s).Backlog)
	}
	line := rec.one(t, "worker changed the backlog of a listener, put back")
	by, _ := line["by"].(string)
	if !strings.HasPrefix(by, "one of app.1/0 (pid ") || !strings.HasSuffix(by, ", app.1/1 (pid 4242)") {
		t.Errorf("the candidates are %q", by)
	}
}

// One that is told to stop is more likely than one that serves.
func TestGuardPrefersTheDrainingOne(t *testing.T) {
	r, rec := open(t, Options{})
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", backlog(50)))
	s := acquire(t, r, "app", 1, "web")[0].Socket()
	acquire(t, r, "app", 2, "web")
	event(r, 1, 41, Started, Ready, Promoted)
	event(r, 2, 42, Started, Ready, Promoted)
	event(r, 1, 41, Draining)
	r.do(func() { r.byName["web"].recent = nil }) // as after the recheck
	relistenHere(t, s, 5)
	r.Status()
	sameWorker(t, rec.one(t, "worker changed the backlog of a listener, put back"), 1, 41)
}

// The kernel reports a shutdown; nobody has to ask.
func TestProcGuardShutdown(t *testing.T) {
	r, rec, s, c := guarded(t, Options{}, "tcp://127.0.0.1:0")
	event(r, 1, c.pid, Ready, Promoted)
	before, at := inode(t, s), s.Address()
	c.do("shutdown")
	line := rec.wait(t, "worker shut a listener down, listening again")
	sameWorker(t, line, 1, c.pid)
	if !connects(at) || inode(t, s) != before || s.Address() != at {
		t.Errorf("it does not accept again as the same socket: %s, was %s", s.Address(), at)
	}
	if got := state(t, s).Backlog; got != 50 {
		t.Errorf("backlog %d, want 50", got)
	}
	c.do("accept")
	r.Status()
	rec.one(t, "worker shut a listener down")
}

// A unix listener cannot be revived: another socket gets the path, and the manager hears of it.
func TestProcGuardShutdownUnix(t *testing.T) {
	p := path(t)
	replaced := make(chan string, 10)
	r, rec, s, c := guarded(t, Options{Replaced: func(name string) { replaced <- name }}, "unix://"+p)
	c.do("nonblock")
	event(r, 1, c.pid, Ready, Promoted)
	before := inode(t, s)
	c.do("shutdown")
	if name := <-replaced; name != "web" {
		t.Errorf("%q was replaced", name)
	}
	line := rec.one(t, "worker shut a listener down, opened anew for the next generation")
	sameWorker(t, line, 1, c.pid)
	if inode(t, s) == before || !connects(s.Address()) {
		t.Error("no new socket accepts at the path")
	}
	if st := state(t, s); st.Backlog != 50 || !st.Nonblocking {
		t.Errorf("the new socket is not like the old one: %+v", st)
	}
	// Workers of the next generation have a working one.
	next := newChild(t, s)
	next.do("block")
	connects(s.Address())
	next.do("accept")
	r.Status()
	if len(replaced) != 0 {
		t.Error("it was replaced twice")
	}
}

func TestProcGuardPath(t *testing.T) {
	for _, kind := range []string{"unix", "unixgram", "unixpacket"} {
		p := path(t)
		r, rec, s, c := guarded(t, Options{}, kind+"://"+p)
		event(r, 1, c.pid, Ready, Promoted, Draining)
		before := inode(t, s)
		c.do("unlink " + p)
		line := rec.wait(t, "path of a listener was removed, put back")
		sameWorker(t, line, 1, c.pid)
		if kind != "unixgram" && !connects(s.Address()) || inode(t, s) != before {
			t.Errorf("%s does not accept at its path", kind)
		}
		if _, err := os.Lstat(p); err != nil {
			t.Error(err)
		}
	}
}

// Without a kernel event the worker's end is when it is found.
func TestProcGuardPathAtTheEnd(t *testing.T) {
	p := path(t)
	r, rec := unwatchedRegistry(t)
	apply(t, r, listener(t, "web", "unix://"+p))
	s := acquire(t, r, "app", 1, "web")[0].Socket()
	c := newChild(t, s)
	event(r, 1, c.pid, Started, Ready, Promoted, Draining)
	c.do("unlink " + p)
	event(r, 1, c.pid, Gone)
	sameWorker(t, rec.one(t, "path of a listener was removed, put back"), 1, c.pid)
	if !connects(s.Address()) {
		t.Error("it does not accept at its path")
	}
}

// When no name of the socket is left, another one gets the path.
func TestProcGuardEveryNameRemoved(t *testing.T) {
	p := path(t)
	replaced := make(chan string, 10)
	r, rec, s, c := guarded(t, Options{Replaced: func(name string) { replaced <- name }}, "unix://"+p)
	event(r, 1, c.pid, Ready, Promoted)
	before := inode(t, s)
	names, err := os.ReadDir(filepath.Dir(p))
	if err != nil {
		t.Fatal(err)
	}
	// The path itself comes last: it is what the kernel reports.
	for _, n := range names {
		if n.Name() != filepath.Base(p) {
			c.do("unlink " + filepath.Join(filepath.Dir(p), n.Name()))
		}
	}
	c.do("unlink " + p)
	<-replaced
	sameWorker(t, rec.one(t, "path of a listener was removed, opened anew"), 1, c.pid)
	if inode(t, s) == before || !connects(s.Address()) {
		t.Error("no new socket accepts at the path")
	}
}

// Another program's live socket at our path stays; when it is gone ours comes back.
func TestProcGuardPathTaken(t *testing.T) {
	p := path(t)
	r, rec := unwatchedRegistry(t)
	apply(t, r, listener(t, "web", "unix://"+p))
	s := acquire(t, r, "app", 1, "web")[0].Socket()
	c := newChild(t, s)
	event(r, 1, c.pid, Started, Ready, Promoted)
	before := inode(t, s)
	c.do("unlink " + p)
	other, err := net.Listen("unix", p)
	if err != nil {
		t.Fatal(err)
	}
	r.Status()
	r.Status()
	sameWorker(t, rec.one(t, "path of a listener was removed, cannot put it back"), 1, c.pid)
	if err := other.Close(); err != nil { // unlinks the path
		t.Fatal(err)
	}
	r.Status()
	rec.one(t, "path of a listener was removed, put back")
	if inode(t, s) != before || !connects(s.Address()) {
		t.Error("it does not accept at its path")
	}
}

func unwatchedRegistry(t *testing.T) (*Registry, *record) {
	t.Helper()
	t.TempDir() // removed after Close
	rec, log := newRecord()
	r := start(Options{Log: log}, unwatched{})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, rec
}

// The life of O_NONBLOCK through a rollout to a program that wants the opposite.
func TestProcGuardNonblock(t *testing.T) {
	r, rec, s, one := guarded(t, Options{}, "tcp://127.0.0.1:0")
	one.do("nonblock")
	event(r, 1, one.pid, Ready, Promoted)
	if !state(t, s).Nonblocking || len(rec.find("O_NONBLOCK")) != 0 {
		t.Fatalf("the first worker does not decide: %v", rec.all())
	}

	leases := acquire(t, r, "app", 2, "web")
	two := newChild(t, s)
	event(r, 2, two.pid, Started)
	two.do("block")
	event(r, 2, two.pid, Ready)
	if !state(t, s).Nonblocking {
		t.Error("the flag of the promoted generation was not put back")
	}
	line := rec.one(t, "worker changed O_NONBLOCK of a shared listener, put back")
	sameWorker(t, line, 2, two.pid)
	against, _ := line["against"].(string)
	advice, _ := line["advice"].(string)
	if !strings.HasPrefix(against, "app.1/0 (pid ") || !strings.Contains(advice, "separate listeners") {
		t.Errorf("against %q, advice %q", against, advice)
	}

	event(r, 2, two.pid, Promoted)
	event(r, 1, one.pid, Draining)
	if !state(t, s).Nonblocking {
		t.Error("the old generation still drains and needs the flag")
	}
	one.end()
	event(r, 1, one.pid, Gone)
	if state(t, s).Nonblocking {
		t.Error("the wish of the new generation was not granted")
	}
	if n := len(rec.find("O_NONBLOCK")); n != 2 { // the warning and the note that it changed
		t.Errorf("%d lines about it: %v", n, rec.find("O_NONBLOCK"))
	}

	two.do("nonblock")
	event(r, 2, two.pid, Draining)
	leases[0].Release()
	two.end()
	for _, l := range r.leases[User{"app", 1}] {
		l.Release()
	}
	event(r, 2, two.pid, Gone)
	if state(t, s).Nonblocking {
		t.Error("with nobody left it has to be blocking, as at first")
	}
}

// Nothing is touched, and nothing said, when workers behave.
func TestProcGuardIsQuiet(t *testing.T) {
	r, rec, s, c := guarded(t, Options{}, "unix://"+path(t))
	before := state(t, s)
	event(r, 1, c.pid, Ready, Promoted)
	r.Status()
	event(r, 1, c.pid, Draining)
	c.end()
	event(r, 1, c.pid, Gone)
	if after := state(t, s); after != before {
		t.Errorf("%+v became %+v", before, after)
	}
	if found := rec.find("worker"); len(found) != 0 {
		t.Errorf("said %v", found)
	}
}

func shutdownHere(t *testing.T, s *fdpass.Socket) {
	t.Helper()
	// UDP answers ENOTCONN and shuts down all the same.
	if err := s.Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }); err != nil && err != unix.ENOTCONN {
		t.Fatal(err)
	}
}
