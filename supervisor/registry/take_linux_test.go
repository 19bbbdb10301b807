package registry

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// other is a socket that another program has open, with its own backlog.
func other(t *testing.T, address string) *fdpass.Socket {
	t.Helper()
	a, err := config.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	s, err := fdpass.Open(fdpass.Spec{Name: "other", Address: fdpass.Address(a), Backlog: 7, UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func takeFrom(text string) func(*config.Listener) {
	return func(l *config.Listener) {
		from, err := config.ParseTakeFrom(text)
		if err != nil {
			panic(err)
		}
		l.TakeFrom = &from
	}
}

// sources has fetch answer from s, or with an error.
func sources(r *Registry, s *fdpass.Socket, err error) {
	r.fetch = func(config.TakeFrom, fdpass.Spec) (taken, error) {
		if err != nil {
			return taken{}, err
		}
		d, err := s.Descriptor().Dup()
		return taken{d, "process 7 (other)", 7}, err
	}
}

func TestTakesWhatIsOpen(t *testing.T) {
	for _, network := range []string{"tcp://127.0.0.1:0", "unix"} {
		r, rec := open(t, Options{Vault: newMemory(t)})
		if network == "unix" {
			network = "unix://" + path(t)
		}
		theirs := other(t, network)
		sources(r, theirs, nil)
		l := listener(t, "web", theirs.Address().String(), takeFrom("pid:7"), backlog(50))
		c, err := r.Prepare([]*config.Listener{l})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		if inode(t, socket(t, r, "web")) != inode(t, theirs) {
			t.Error("it is another socket")
		}
		if st := state(t, theirs); st.Backlog != 50 {
			t.Errorf("the backlog is %d", st.Backlog)
		}
		if d := cmp.Diff([]Taken{{"web", "process 7 (other)", 7, true}}, c.Taken()); d != "" {
			t.Error(d)
		}
		if from := r.Status()[0].TakenFrom; from != "process 7 (other)" {
			t.Errorf("taken from %q", from)
		}
		rec.one(t, "listener taken over")
		sources(r, nil, errors.New("asked again"))
		apply(t, r, l) // it is open now
	}
}

// The program that had a unix socket removes its path at its end.
func TestTakenPathIsOurs(t *testing.T) {
	r, rec := open(t, Options{})
	p := path(t)
	theirs := other(t, "unix://"+p)
	if err := os.Remove(filepath.Join(filepath.Dir(p), "."+filepath.Base(p)+".supervise")); err != nil {
		t.Fatal(err) // another program has no such name
	}
	sources(r, theirs, nil)
	apply(t, r, listener(t, "web", "unix://"+p, takeFrom("pid:7")))
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	rec.wait(t, "path of a listener was removed, put back")
	if !connects(theirs.Address()) {
		t.Error("nobody is let in at the path")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(p); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path is left: %v", err)
	}
}

func TestNothingToTake(t *testing.T) {
	r, rec := open(t, Options{})
	sources(r, nil, missing(errors.New("process 7 is gone")))
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", takeFrom("pid:7")))
	if line := rec.one(t, "not taken over, opened instead"); line["error"] != "process 7 is gone" || line["from"] != "pid:7" {
		t.Errorf("said %v", line)
	}
	if from := r.Status()[0].TakenFrom; from != "" {
		t.Errorf("taken from %q", from)
	}
}

func TestTakeErrors(t *testing.T) {
	theirs := other(t, "tcp://127.0.0.1:0")
	at := theirs.Address().String()
	for name, c := range map[string]struct {
		address string
		err     error
		must    bool
		want    string
	}{
		"refused":            {at, syscall.EPERM, false, "pid:7: operation not permitted (make that possible, or leave take_from out)"},
		"not the address":    {"tcp://127.0.0.1:1", nil, false, "process 7 (other): it is bound to " + at},
		"another kind":       {"unix://" + path(t), nil, false, "process 7 (other): it is an IPv4 stream socket"},
		"gone and in use":    {at, missing(errors.New("process 7 is gone")), false, "it was not taken over from pid:7: process 7 is gone"},
		"gone, told to take": {"tcp://127.0.0.1:0", missing(errors.New("process 7 is gone")), true, "pid:7: process 7 is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := open(t, Options{Vault: newMemory(t)})
			sources(r, theirs, c.err)
			l, must := listener(t, "web", c.address, takeFrom("pid:7")), map[string]config.TakeFrom{}
			if c.must {
				must["web"] = *l.TakeFrom
			}
			count := descriptors(t)
			_, err := r.PrepareTaking([]*config.Listener{l}, must)
			var failed *fdpass.OpenError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if st := state(t, theirs); st.Backlog != 7 || !st.Listening {
				t.Errorf("their socket is %+v", st)
			}
			if now := descriptors(t); now != count {
				t.Errorf("%d descriptors, before %d", now, count)
			}
		})
	}
}

func TestTakesOnlyWhatIsNotOpen(t *testing.T) {
	r, _ := open(t, Options{})
	l := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, l)
	sources(r, nil, errors.New("asked"))
	_, err := r.PrepareTaking([]*config.Listener{l}, map[string]config.TakeFrom{"web": {Kind: "pid", PID: 7}})
	if err == nil || !strings.Contains(err.Error(), `cannot take over listener "web" at tcp://127.0.0.1:0: supervise has it open already`) {
		t.Error(err)
	}
}

// An aborted change leaves the other program's socket as it was.
func TestAbortedTake(t *testing.T) {
	r, _ := open(t, Options{Vault: newMemory(t)})
	p := path(t)
	theirs := other(t, "unix://"+p)
	sources(r, theirs, nil)
	c, err := r.Prepare([]*config.Listener{listener(t, "web", "unix://"+p, takeFrom("pid:7"), backlog(50))})
	if err != nil {
		t.Fatal(err)
	}
	c.Abort()
	if st := state(t, theirs); st.Backlog != 7 || !st.Listening {
		t.Errorf("their socket is %+v", st)
	}
	if !connects(theirs.Address()) {
		t.Error("its path is gone")
	}
}

// What was taken is known to the next registry, and its path is ours there too, also when this process was killed before it was.
func TestTakenSurvives(t *testing.T) {
	v := newMemory(t)
	p := path(t)
	theirs := other(t, "unix://"+p)
	r, err := New(Options{Vault: v})
	if err != nil {
		t.Fatal(err)
	}
	sources(r, theirs, nil)
	l := listener(t, "web", "unix://"+p, takeFrom("pid:7"))
	apply(t, r, l)
	r.Abandon()
	next, rec := open(t, Options{Vault: v, Before: v.before(t)})
	sources(next, nil, errors.New("asked again"))
	apply(t, next, l)
	if from := next.Status()[0].TakenFrom; from != "process 7 (other)" {
		t.Errorf("taken from %q", from)
	}
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	rec.wait(t, "path of a listener was removed, put back")
}

// The sources themselves: this process, and nobody.
func TestFetch(t *testing.T) {
	theirs := other(t, "tcp://127.0.0.1:0")
	spec := theirs.Spec()
	spec.Address = theirs.Address()
	got, err := fetch(config.TakeFrom{Kind: "pid", PID: os.Getpid()}, spec)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := fdpass.AddressOf(got.d); err != nil || at.Port != spec.Address.Port || !strings.HasPrefix(got.who, "process "+strconv.Itoa(os.Getpid())+" (") {
		t.Errorf("got %+v at %v, %v", got, at, err)
	}
	_ = got.d.Close()
	dead, err := net.Listen("unix", path(t))
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = dead.Close()
	for _, text := range []string{"pid:4194304", "pidfile:/nonexistent/x.pid", "haproxy:/nonexistent/h.sock", "s6-fdholder:" + dead.Addr().String()} {
		from, err := config.ParseTakeFrom(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fetch(from, spec); !errors.Is(err, errAbsent) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Of two at one address, the one at the configured interface is meant, however they come.
func TestAtPlace(t *testing.T) {
	bound, err := fdpass.Open(fdpass.Spec{Name: "lo", Address: fdpass.Address{Network: "tcp4", Host: "127.0.0.1"}, UID: -1, GID: -1,
		Options: fdpass.Options{BindDevice: "lo"}})
	if err != nil {
		t.Fatal(err)
	}
	defer bound.Close()
	for device, want := range map[string]string{"lo": "[plain (it is bound to no interface, expected was \"lo\") lo]", "": "[plain lo (it is bound to interface \"lo\")]"} {
		var list []fdpass.Named
		for name, s := range map[string]*fdpass.Socket{"plain": other(t, "tcp4://127.0.0.1:0"), "lo": bound} {
			d, err := s.Descriptor().Dup()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fdpass.Named{Name: name, Descriptor: d})
		}
		slices.SortFunc(list, func(a, b fdpass.Named) int { return -strings.Compare(a.Name, b.Name) })
		here, names := atPlace(list, fdpass.Spec{Options: fdpass.Options{BindDevice: device}})
		if fmt.Sprint(names) != want || len(here) != 1 {
			t.Errorf("%q: got %d, %v", device, len(here), names)
		}
		_ = here[0].Descriptor.Close()
	}
}

func TestDuplicates(t *testing.T) {
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "a", "tcp://127.0.0.1:0"), listener(t, "b", "unix://"+path(t)))
	count := descriptors(t)
	list, err := r.Duplicates("b", "a")
	if err != nil || len(list) != 2 || list[0].Name != "b" || list[1].Name != "a" {
		t.Fatalf("got %v, %v", list, err)
	}
	for _, n := range list {
		_ = n.Descriptor.Close()
	}
	if _, err := r.Duplicates("a", "c"); err == nil || err.Error() != `there is no listener "c"` {
		t.Error(err)
	}
	if now := descriptors(t); now != count {
		t.Errorf("%d descriptors, before %d", now, count)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Duplicates("a"); err != errClosed {
		t.Error(err)
	}
}
