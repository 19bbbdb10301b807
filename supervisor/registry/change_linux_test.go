package registry

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestReloadAdds(t *testing.T) {
	r, rec := open(t, Options{})
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	before := inode(t, socket(t, r, "web"))
	apply(t, r, web, listener(t, "more", "unix://"+path(t)))
	if inode(t, socket(t, r, "web")) != before {
		t.Error("web is another socket now")
	}
	for _, name := range []string{"web", "more"} {
		if a := socket(t, r, name).Address(); !connects(a) {
			t.Errorf("%s at %s does not accept", name, a)
		}
	}
	if n := len(rec.find("listener open")); n != 2 {
		t.Errorf("%d listeners were opened, want 2", n)
	}
}

func TestReloadRemoves(t *testing.T) {
	r, _ := open(t, Options{})
	p := path(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"), listener(t, "old", "unix://"+p))
	web, old := socket(t, r, "web"), socket(t, r, "old").Address()
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	if connects(old) {
		t.Error("the removed listener accepts")
	}
	if _, err := os.Lstat(p); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its path is still there: %v", err)
	}
	if !connects(web.Address()) {
		t.Error("the other one does not accept")
	}
	if _, err := r.Acquire([]string{"old"}, User{"app", 1}); err == nil {
		t.Error("the removed listener can be acquired")
	}
}

func TestReloadRenames(t *testing.T) {
	r, rec := open(t, Options{})
	p := path(t)
	apply(t, r, listener(t, "a", "tcp://127.0.0.1:0"), listener(t, "b", "unix://"+p))
	a, b := inode(t, socket(t, r, "a")), inode(t, socket(t, r, "b"))
	// The names are exchanged, and one is new besides.
	apply(t, r, listener(t, "b", "tcp://127.0.0.1:0"), listener(t, "c", "unix://"+p))
	if inode(t, socket(t, r, "b")) != a || inode(t, socket(t, r, "c")) != b {
		t.Error("a renamed listener was opened anew")
	}
	if n := len(rec.find("listener open")); n != 2 {
		t.Errorf("%d sockets were opened, want 2", n)
	}
	if n := len(rec.find("listener closed")); n != 0 {
		t.Errorf("%d sockets were closed, want none", n)
	}
	if d := cmp.Diff([]string{"b", "c"}, names(r)); d != "" {
		t.Error(d)
	}
	if got := socket(t, r, "b").Name(); got != "b" {
		t.Errorf("the socket calls itself %q", got)
	}
}

// Listeners that the kernel chose the port of have one address; each keeps its socket by its name.
func TestReloadInAnotherOrder(t *testing.T) {
	r, _ := open(t, Options{})
	one, two := listener(t, "one", "tcp://127.0.0.1:0"), listener(t, "two", "tcp://127.0.0.1:0")
	apply(t, r, one, two)
	before := inode(t, socket(t, r, "one"))
	apply(t, r, two, one)
	if inode(t, socket(t, r, "one")) != before {
		t.Error("one has the socket of two")
	}
}

func names(r *Registry) []string {
	var list []string
	for _, l := range r.Status() {
		list = append(list, l.Name)
	}
	return list
}

func TestReloadChangesLive(t *testing.T) {
	r, rec := open(t, Options{})
	p := path(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", backlog(10)), listener(t, "u", "unix://"+p))
	web, u := inode(t, socket(t, r, "web")), inode(t, socket(t, r, "u"))
	apply(t, r,
		listener(t, "web", "tcp://127.0.0.1:0", backlog(20), func(l *config.Listener) { l.Options.SendBuffer = 9000 }),
		listener(t, "u", "unix://"+p, func(l *config.Listener) { l.Mode, l.Owner, l.Group = 0o600, "7", "8" }))
	if inode(t, socket(t, r, "web")) != web || inode(t, socket(t, r, "u")) != u {
		t.Error("a listener was opened anew")
	}
	if got := state(t, socket(t, r, "web")).Backlog; got != 20 {
		t.Errorf("backlog %d, want 20", got)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(p, &st); err != nil {
		t.Fatal(err)
	}
	if st.Mode&0o777 != 0o600 || st.Uid != 7 || st.Gid != 8 {
		t.Errorf("mode %o owner %d group %d, want 600 7 8", st.Mode&0o777, st.Uid, st.Gid)
	}
	if r.Status(); len(rec.find("worker")) != 0 {
		t.Errorf("a worker is blamed for a reload: %v", rec.find("worker"))
	}
}

// A reload that fails in any item leaves everything as it was, including what came before that item.
func TestReloadAllOrNothing(t *testing.T) {
	taken, err := fdpass.Open(fdpass.Spec{Name: "other", Address: fdpass.Address{Network: "tcp", Host: "127.0.0.1"}, UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	nonsense := func(l *config.Listener) { l.Options.Congestion = "nonsense" }
	cases := map[string]struct {
		broken func(p string) *config.Listener
		err    string
	}{
		"cannot be opened": {func(string) *config.Listener {
			return listener(t, "x", taken.Address().String())
		}, "cannot bind"},
		"unknown owner": {func(p string) *config.Listener {
			return listener(t, "x", "unix://"+p+"x", func(l *config.Listener) { l.Owner = "nobody-knows" })
		}, `cannot find owner "nobody-knows"`},
		"live change fails": {func(p string) *config.Listener {
			return listener(t, "last", "tcp://127.0.0.1:0", backlog(10), nonsense)
		}, "nonsense"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, _ := open(t, Options{})
			p := path(t)
			apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", backlog(10)), listener(t, "u", "unix://"+p), listener(t, "last", "tcp://127.0.0.1:0", backlog(10)))
			before, count := facts(t, r), descriptors(t)
			change, err := r.Prepare([]*config.Listener{
				listener(t, "web", "tcp://127.0.0.1:0", backlog(20)),
				listener(t, "new", "unix://"+p+"new"),
				c.broken(p),
			})
			if err == nil {
				err = change.Commit()
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), "app.hcl:1: ") {
				t.Errorf("error %v, want one with %q and the place", err, c.err)
			}
			if d := cmp.Diff(before, facts(t, r)); d != "" {
				t.Errorf("something changed:\n%s", d)
			}
			if _, err := os.Lstat(p + "new"); err == nil {
				t.Error("the path of the new listener is still there")
			}
			if now := descriptors(t); now != count {
				t.Errorf("%d descriptors, before %d", now, count)
			}
		})
	}
}

// fact is all that must not change in a failed reload.
type fact struct {
	Name    string
	Address string
	Inode   uint64
	Backlog int
}

func facts(t *testing.T, r *Registry) []fact {
	t.Helper()
	var list []fact
	for _, l := range r.Status() {
		s := socket(t, r, l.Name)
		list = append(list, fact{l.Name, l.Address.String(), inode(t, s), state(t, s).Backlog})
	}
	return list
}

func TestPrepareReportsEverything(t *testing.T) {
	r, _ := open(t, Options{})
	_, err := r.Prepare([]*config.Listener{
		listener(t, "a", "tcp://192.0.2.1:0"),
		listener(t, "b", "unix:///no/such/folder/s"),
		listener(t, "c", "unix://"+path(t), func(l *config.Listener) { l.Owner = "nobody-knows" }),
	})
	var errs OpenErrors
	if !errors.As(err, &errs) || len(errs) != 3 {
		t.Fatalf("got %v, want three problems", err)
	}
	for i, name := range []string{"a", "b", "c"} {
		if text := errs[i].Error(); !strings.HasPrefix(text, "app.hcl:1: cannot ") || !strings.Contains(text, `"`+name+`"`) {
			t.Errorf("problem %d is %q", i, text)
		}
	}
	var failed *fdpass.OpenError
	if !errors.As(err, &failed) || !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("the cause cannot be told from %v", err)
	}
	if len(r.Status()) != 0 {
		t.Error("something is open")
	}
}

func TestAbortClosesTheNewOnes(t *testing.T) {
	r, _ := open(t, Options{})
	web, p := listener(t, "web", "tcp://127.0.0.1:0"), path(t)
	apply(t, r, web)
	before, count := facts(t, r), descriptors(t)
	c, err := r.Prepare([]*config.Listener{listener(t, "new", "unix://"+p), listener(t, "more", "tcp://127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prepare([]*config.Listener{web}); err == nil {
		t.Error("two changes at a time")
	}
	c.Abort()
	c.Abort()
	if d := cmp.Diff(before, facts(t, r)); d != "" {
		t.Errorf("something changed:\n%s", d)
	}
	if now := descriptors(t); now != count {
		t.Errorf("%d descriptors, before %d", now, count)
	}
	if err := c.Commit(); err == nil {
		t.Error("an aborted change was committed")
	}
	apply(t, r, web)
}

// What is fixed by bind(2) cannot change at the same address, and the error says so before anything has happened.
func TestReloadNeedsAnotherSocket(t *testing.T) {
	yes := true
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "web", "tcp://[::1]:0"))
	before := facts(t, r)
	_, err := r.Prepare([]*config.Listener{listener(t, "web", "tcp://[::1]:0", func(l *config.Listener) { l.Options.IPv6Only = &yes })})
	const want = `app.hcl:1: cannot change ipv6_only of listener "web" at tcp://[::1]:0: the kernel fixes it when a socket is bound, ` +
		`and another socket cannot have the address without refusing clients (set it back, use another address, or stop supervise and start it again)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if d := cmp.Diff(before, facts(t, r)); d != "" {
		t.Errorf("something changed:\n%s", d)
	}
}

func TestAddressHeldByOurselves(t *testing.T) {
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	at := port(socket(t, r, "web").Address())
	_, err := r.Prepare([]*config.Listener{listener(t, "web", "tcp4://0.0.0.0:"+at)})
	want := `app.hcl:1: cannot bind listener "web" to tcp4://0.0.0.0:` + at + `: supervise's own listener "web" holds tcp://127.0.0.1:` + at +
		` until the change is done (keep that address, or use another port or path)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	p := path(t)
	_, err = r.Prepare([]*config.Listener{listener(t, "x", "unix://"+p), listener(t, "y", "unixpacket://"+p)})
	want = `listener "x" of the same configuration has unix://` + p
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A listener that was removed and comes back while a generation still has it is the same open socket.
func TestRemovedComesBack(t *testing.T) {
	r, _ := open(t, Options{})
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	lease := acquire(t, r, "app", 1, "web")[0]
	before := inode(t, lease.Socket())
	apply(t, r)
	if l := r.Status(); len(l) != 1 || !l[0].Removed {
		t.Fatalf("the leased listener is not shown as removed: %v", l)
	}
	apply(t, r, web)
	lease.Release()
	s := socket(t, r, "web")
	if inode(t, s) != before || !connects(s.Address()) {
		t.Error("it is another socket, or closed")
	}
}

// A new listener that shares a port with an open one gets none of its clients before Commit.
func TestSharedPortIsQuietBeforeCommit(t *testing.T) {
	share := func(l *config.Listener) { yes := true; l.Options.ReusePort = &yes }
	r, _ := open(t, Options{})
	first := listener(t, "one", "tcp://127.0.0.1:0", share)
	apply(t, r, first)
	second := listener(t, "two", socket(t, r, "one").Address().String(), share)
	c, err := r.Prepare([]*config.Listener{first, second})
	if err != nil {
		t.Fatal(err)
	}
	if !c.items[1].fresh.Paused() {
		t.Error("it takes clients before Commit")
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Status() {
		if l.Paused {
			t.Errorf("%s is held after Commit", l.Name)
		}
	}
}

// A listener moves: the old address serves until the last lease, the new one at once.
func TestReloadMoves(t *testing.T) {
	r, _ := open(t, Options{})
	p, q := path(t), path(t)
	apply(t, r, listener(t, "web", "unix://"+p))
	old := acquire(t, r, "app", 1, "web")[0]
	apply(t, r, listener(t, "web", "unix://"+q))
	fresh := acquire(t, r, "app", 2, "web")[0]
	if old.Socket() == fresh.Socket() || !connects(old.Socket().Address()) || !connects(fresh.Socket().Address()) {
		t.Error("not both addresses accept")
	}
	if d := cmp.Diff(map[string]fdpass.Address{"web": fresh.Socket().Address()}, r.Addresses()); d != "" {
		t.Error(d)
	}
	old.Release()
	if connects(address(t, "unix://"+p)) || !connects(address(t, "unix://"+q)) {
		t.Error("it has to accept at the new address only")
	}
}
