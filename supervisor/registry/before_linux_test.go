package registry

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// queue puts a client into the queue of a listener. It stays until the test ends.
func queue(t *testing.T, a fdpass.Address) {
	t.Helper()
	network, at := a.Network, a.Path
	if at == "" {
		network, at = "tcp", net.JoinHostPort("localhost", port(a))
	}
	c, err := net.Dial(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
}

// accepts takes a client that waits; it is false when none does.
func accepts(t *testing.T, s *fdpass.Socket) bool {
	t.Helper()
	if st := state(t, s); st.Queue < 1 {
		return false
	}
	err := s.Descriptor().Use(func(fd int) error {
		n, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err == nil {
			err = unix.Close(n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return err == nil
}

// quiet: nothing above the level of debug was said but what is expected.
func quiet(t *testing.T, rec *record, expected ...string) {
	t.Helper()
	for _, line := range rec.all() {
		if line["@level"] == "debug" {
			continue
		}
		known := false
		for _, e := range expected {
			known = known || strings.Contains(line["@message"].(string), e)
		}
		if !known {
			t.Errorf("said %v", line)
		}
	}
}

func TestNextProcessHasEveryKind(t *testing.T) {
	for _, address := range []string{"tcp://:0", "tcp://127.0.0.1:0", "unix://" + path(t), "unixgram://" + path(t), "unixpacket://" + path(t),
		"udp://127.0.0.1:0", "fifo://" + path(t), fmt.Sprint("unix://@registry-next-", os.Getpid())} {
		r, _, v := kept(t)
		web := listener(t, "web", address, backlog(30))
		apply(t, r, web)
		s := socket(t, r, "web")
		was, at, id := state(t, s), s.Address(), inode(t, s)
		if listens(at) {
			queue(t, at)
			was.Queue++
		}
		next, rec := v.next(t, r, Options{})
		apply(t, next, web)
		n := socket(t, next, "web")
		if n.Address() != at || inode(t, n) != id || state(t, n) != was {
			t.Errorf("%s: %s %+v, was %s %+v", address, n.Address(), state(t, n), at, was)
		}
		if listens(at) && !accepts(t, n) {
			t.Errorf("%s: the queue is lost", address)
		}
		quiet(t, rec)
		if err := next.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(filepath.Dir(at.Path)); at.Path != "" && at.Path[0] == '/' && len(left) > 0 {
			t.Errorf("%s: Close left %v", address, left)
		}
	}
}

// The keys and the order stay; ports that the kernel chose stay with their names.
func TestNextProcessKeepsNames(t *testing.T) {
	r, _, v := kept(t)
	a, b := listener(t, "a", "tcp://127.0.0.1:0"), listener(t, "b", "tcp://127.0.0.1:0")
	apply(t, r, a, b)
	leases := acquire(t, r, "app", 1, "b")
	apply(t, r, a)
	apply(t, r, listener(t, "c", "tcp://127.0.0.1:0")) // a renamed, b removed
	before := r.Addresses()["c"]
	next, rec := v.next(t, r, Options{}, leases...)
	if d := cmp.Diff(map[string]fdpass.Address{"c": before}, next.Addresses()); d != "" {
		t.Error(d)
	}
	apply(t, next, b, a)
	if d := cmp.Diff(map[string]fdpass.Address{"a": before, "b": leases[0].h.socket.Address()}, next.Addresses()); d != "" {
		t.Error(d)
	}
	quiet(t, rec, "renamed")
	if d := cmp.Diff([]string{"listener/1", "listener/2"}, v.names()); d != "" {
		t.Error(d)
	}
}

func TestNextProcessClosesWhatIsRemoved(t *testing.T) {
	r, _, v := kept(t)
	p := path(t)
	old := listener(t, "old", "unix://"+p)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"), old)
	lease := acquire(t, r, "app", 1, "old")
	at := lease[0].Socket().Address()
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	next, _ := v.next(t, r, Options{}, lease...)
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	if l := next.Status(); len(l) != 2 || !l[1].Removed || !connects(at) {
		t.Fatalf("status %+v", l)
	}
	again := next.leases[User{"app", 1}][0]
	if again.Name() != "old" || again.State() != lease[0].State() {
		t.Errorf("the lease is %+v, was %+v", again.State(), lease[0].State())
	}
	again.Release()
	if _, err := os.Lstat(p); !errors.Is(err, os.ErrNotExist) || connects(at) || len(v.names()) != 1 {
		t.Errorf("it is still there: %v, %q", err, v.names())
	}
}

// Without a lease it is closed with the first Commit, and not before: a generation may still ask for it.
func TestNextProcessClosesWhatNobodyHas(t *testing.T) {
	r, _, v := kept(t)
	p := path(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"), listener(t, "u", "unix://"+p))
	at := socket(t, r, "u").Address()
	leases := acquire(t, r, "app", 1, "u")
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	next, _ := v.next(t, r, Options{}, leases...)
	next.leases[User{"app", 1}][0].Release()
	if !connects(at) {
		t.Fatal("closed too early")
	}
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	if _, err := os.Lstat(p); !errors.Is(err, os.ErrNotExist) || connects(at) || len(v.names()) != 1 {
		t.Errorf("it is still there: %v, %q", err, v.names())
	}
}

func TestReacquireUnknown(t *testing.T) {
	r, _, v := kept(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	lease := acquire(t, r, "app", 3, "web")[0]
	apply(t, r)
	r.Abandon()
	_ = v.Drop(lease.State().Key)
	next, rec := open(t, Options{Vault: v, Before: v.before(t)})
	_, err := next.Reacquire(lease.user, []LeaseState{lease.State()})
	const want = `cannot give generation 3 of service "app" its listeners back: listener "web" (listener/1) is not open any more`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	quiet(t, rec)
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	if _, err := next.Reacquire(lease.user, nil); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

// What the vault has lost, or mixed up, is opened anew.
func TestNextProcessLost(t *testing.T) {
	for name, lose := range map[string]func(v *memory){
		"lost":     func(v *memory) { _ = v.Drop("listener/1") },
		"mixed up": func(v *memory) { _ = v.Hold("listener/1", v.held["listener/2"]) },
	} {
		r, _, v := kept(t)
		list := []*config.Listener{listener(t, "web", "tcp://127.0.0.1:0"), listener(t, "u", "unix://"+path(t))}
		apply(t, r, list...)
		r.Abandon()
		lose(v)
		next, rec := open(t, Options{Vault: v, Before: v.before(t)})
		rec.one(t, "listener is lost, opened anew if it is configured")
		apply(t, next, list...)
		for _, l := range list {
			if !connects(socket(t, next, l.Name).Address()) {
				t.Errorf("%s: %s does not accept", name, l.Name)
			}
		}
		if d := cmp.Diff([]string{"listener/2", "listener/3"}, v.names()); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestNextProcessCannotReadTheState(t *testing.T) {
	given, s := give(t, "web", "tcp://127.0.0.1:0")
	count := descriptors(t)
	_, err := New(Options{Given: []fdpass.Named{given}, Before: &Before{State: []byte(`{"version":3,"next":1}`)}})
	const want = "cannot read the saved state of listeners: its version is 3, this program knows 2 (use the program that wrote it, or a newer one)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if now := descriptors(t); now != count-1 || !connects(s.Address()) {
		t.Errorf("%d descriptors, before %d", now, count)
	}
}

func TestNextProcessReopened(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "unix://"+path(t))
	apply(t, r, web)
	s := socket(t, r, "web")
	first := inode(t, s)
	shutdownHere(t, s)
	r.Status()
	second := inode(t, s)
	next, rec := v.next(t, r, Options{})
	apply(t, next, web)
	n := socket(t, next, "web")
	if first == second || inode(t, n) != second || !connects(n.Address()) {
		t.Errorf("it was %d, then %d, and is %d", first, second, inode(t, n))
	}
	quiet(t, rec)
	if d := cmp.Diff([]string{"listener/1"}, v.names()); d != "" {
		t.Error(d)
	}
}

// What a worker did while nobody looked is put right by the first Commit, and the worker is named.
func TestProcDamageInBetween(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://" + path(t)} {
		r, _, v := kept(t)
		web := listener(t, "web", address, backlog(50))
		apply(t, r, web)
		leases := acquire(t, r, "app", 1, "web")
		s := leases[0].Socket()
		c := newChild(t, s)
		event(r, 1, c.pid, Started, Ready, Promoted)
		at := s.Address()
		replaced := make(chan string, 1)
		next, rec := v.next(t, r, Options{Replaced: func(name string) { replaced <- name }}, leases...)
		c.do("shutdown")
		event(next, 1, c.pid, Started, Ready, Promoted)
		quiet(t, rec)
		apply(t, next, listener(t, "front", address, backlog(50)))
		sameWorker(t, rec.one(t, "worker shut a listener down"), 1, c.pid)
		n := socket(t, next, "front")
		if n.Address() != at || !connects(at) {
			t.Errorf("%s does not accept as %s", at, n.Address())
		}
		if at.Path != "" {
			if name := <-replaced; name != "front" {
				t.Errorf("%q was replaced", name)
			}
		}
	}
}

func TestNextProcessRestoresAPath(t *testing.T) {
	r, _, v := kept(t)
	p := path(t)
	web := listener(t, "web", "unix://"+p)
	apply(t, r, web)
	id := inode(t, socket(t, r, "web"))
	r.Abandon()
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	next, rec := open(t, Options{Vault: v, Before: v.before(t)})
	apply(t, next, web)
	rec.one(t, "path of a listener was removed, put back")
	n := socket(t, next, "web")
	if !connects(n.Address()) || inode(t, n) != id {
		t.Error("it is not the same socket")
	}
}

// Killed between Options.Replaced and the rollout that it asks for.
func TestReplacedIsToldAgain(t *testing.T) {
	replaced := make(chan string, 10)
	o := Options{Replaced: func(name string) { replaced <- name }}
	v := newMemory(t)
	o.Vault = v
	r, _ := open(t, o)
	web := listener(t, "web", "unix://"+path(t))
	apply(t, r, web)
	leases := acquire(t, r, "app", 1, "web")
	event(r, 1, 41, Started, Ready, Promoted)
	shutdownHere(t, leases[0].Socket())
	<-replaced
	next, _ := v.next(t, r, o, leases...)
	event(next, 1, 41, Started, Ready, Promoted)
	apply(t, next, web)
	if name := <-replaced; name != "web" {
		t.Errorf("%q was replaced", name)
	}
	leases = append(next.leases[User{"app", 1}], acquire(t, next, "app", 2, "web")...)
	last, _ := v.next(t, next, o, leases...)
	apply(t, last, web)
	for _, l := range last.leases[User{"app", 1}] {
		l.Release()
	}
	if l := ledgerOf(t, v); len(replaced) != 0 || len(l.Listeners[0].Outdated) != 0 {
		t.Errorf("told though a new generation has it: %+v", l.Listeners[0].Outdated)
	}
}
