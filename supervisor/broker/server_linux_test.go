package broker

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// retrieves is whether a client is served at a block.
func retrieves(t *testing.T, block *config.Serve) {
	t.Helper()
	d, err := wire.FetchFDHolder(t.Context(), block.Address.Path, "web")
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
}

// A client that sends nonsense is hung up on, and disturbs nobody.
func TestNonsense(t *testing.T) {
	block := holder(t, "holder")
	newSite(t, block)
	retrieves(t, block) // what is made once exists after this
	count := descriptors(t)
	for range 10 {
		c := dial(t, block.Address.Path)
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n\xff\xff\xff\xff")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, io.EOF) {
			t.Logf("it was hung up on with %v", err)
		}
		_ = c.Close()
		retrieves(t, block)
	}
	now := descriptors(t)
	for range 1000 { // some are just leaving
		if now <= count {
			return
		}
		retrieves(t, block)
		now = descriptors(t)
	}
	t.Errorf("%d descriptors, before %d", now, count)
}

// Clients that say nothing cannot take all places: the oldest goes.
func TestManyIdleClients(t *testing.T) {
	block := holder(t, "holder")
	newSite(t, block)
	var idle []net.Conn
	for range maxClients + 3 {
		idle = append(idle, dial(t, block.Address.Path))
	}
	retrieves(t, block)
	for _, c := range idle[:3] {
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d, %v", n, err)
		}
	}
}

func TestAdmits(t *testing.T) {
	k := &block{guests: guests{[]int{33}, 50}}
	for uid, want := range map[int]bool{0: true, os.Geteuid(): true, 33: true, 34: false, -1: false} {
		if got := k.admits(fdpass.Peer{UID: uid, GID: 34}); got != want {
			t.Errorf("uid %d: %t", uid, got)
		}
	}
	for _, p := range []fdpass.Peer{{UID: 34, GID: 50}, {UID: 34, GID: 34, Groups: []int{35, 50}}} {
		if !k.admits(p) {
			t.Errorf("%+v is not let in", p)
		}
		if (&block{guests: guests{group: -1}}).admits(p) {
			t.Errorf("%+v is let in where no group is", p)
		}
	}
}

// Who may not ask takes no place of those who may, and a reload that takes a right away ends what is based on it.
func TestOnlyWhoMayAskCounts(t *testing.T) {
	block := holder(t, "holder")
	s := newSite(t, block)
	k, stranger := s.blocks[0], fdpass.Peer{UID: 34, GID: 34}
	begins := func(who fdpass.Peer) (net.Conn, bool) {
		here, there := pair(t)
		return there, k.server.begin(client{here, who}, nil)
	}
	for range maxClients + 1 {
		if _, begun := begins(stranger); begun {
			t.Fatal("a stranger is talked to")
		}
	}
	if n := k.server.count(); n != 0 {
		t.Errorf("%d clients", n)
	}
	more := *block
	more.Users = []string{"34"}
	s.Apply([]*config.Serve{&more})
	guest, begun := begins(stranger)
	own, _ := begins(fdpass.Peer{UID: os.Geteuid()})
	if !begun || k.server.count() != 2 {
		t.Fatalf("a guest is talked to: %t", begun)
	}
	asks := access{k.server, stranger}
	names(t, &asks)
	s.Apply([]*config.Serve{block})
	if n, err := guest.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
	_, failed := asks.List()
	for _, err := range []error{failed, asks.Put("x", pipe(t), time.Time{}), asks.Delete("x")} {
		if !errors.Is(err, wire.ErrDenied) {
			t.Errorf("got %v", err)
		}
	}
	other := *block
	other.Protocol = "zerg"
	s.Apply([]*config.Serve{&other})
	if n, err := own.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
}

// pair is a connection.
func pair(t *testing.T) (here, there *net.UnixConn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there = dial(t, l.Addr().String()).(*net.UnixConn)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.UnixConn), there
}

// Dialogues go on while the broker ends: whatever they ask comes before that as a whole, or not at all. It is for the race detector.
func TestEndsWhileAsked(t *testing.T) {
	for name, end := range map[string]func(*Broker){"close": func(b *Broker) { _ = b.Close() }, "abandon": (*Broker).Abandon} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, holder(t, "holder", "*"))
			c := s.client(t, "holder")
			var kept []string
			var all sync.WaitGroup
			begun := make(chan struct{})
			all.Go(func() {
				for n := 0; ; n++ {
					id := strconv.Itoa(n)
					err := c.Put(id, pipe(t), time.Time{})
					list, _ := c.List()
					for _, l := range list {
						_ = l.Descriptor.Close()
					}
					if n == 5 {
						close(begun)
					}
					if err == nil && n%2 == 1 {
						err = c.Delete(id)
					}
					if err != nil {
						return
					}
					if n%2 == 0 {
						kept = append(kept, id)
					}
					if n == maxStored {
						return
					}
				}
			})
			<-begun
			end(s.Broker)
			all.Wait()
			if name == "close" && len(s.vault.held)+len(s.vault.texts) > 0 {
				t.Errorf("held are %q, saved is %q", s.vault.names(), s.vault.texts)
			}
			state, err := readState(s.vault.texts[StateName])
			if name == "abandon" && (err != nil || len(state.Stored) < len(kept) || len(s.vault.held) != len(state.Stored)) {
				t.Errorf("kept are %q, saved %d, held %d, %v", kept, len(state.Stored), len(s.vault.held), err)
			}
			if err := c.Delete("0"); err != errStopped {
				t.Error(err)
			}
			if _, err := c.List(); err != errStopped {
				t.Error(err)
			}
		})
	}
}

// A reload changes what a block gives while clients of it are connected, and where it is.
func TestApply(t *testing.T) {
	block := holder(t, "holder", "*")
	s := newSite(t, block)
	s.sockets.open(t, listen(t, "admin", "tcp://127.0.0.1:0"))
	a := s.client(t, "holder")
	if err := a.Put("x", pipe(t), time.Time{}); err != nil {
		t.Fatal(err)
	}
	more := *block
	more.Listeners = []string{"web", "admin"}
	s.Apply([]*config.Serve{&more})
	if d := cmp.Diff([]string{"web", "admin", "x"}, names(t, a)); d != "" {
		t.Error(d)
	}
	moved := more
	moved.Address.Path = filepath.Join(t.TempDir(), "moved")
	delete(s.sockets, "serve/holder")
	s.sockets.open(t, Listeners([]*config.Serve{&moved})...)
	s.Apply([]*config.Serve{&moved})
	retrieves(t, &moved)
	if d := cmp.Diff([]string{"x"}, s.Status()[0].Stored); d != "" {
		t.Error(d)
	}
	s.Apply(nil)
	if len(s.Status()) != 0 || len(s.vault.held) != 0 {
		t.Errorf("left are %v, held %q", s.Status(), s.vault.names())
	}
}

// A socket that had to be made anew is served like the one before.
func TestReopened(t *testing.T) {
	block := holder(t, "holder")
	s := newSite(t, block)
	if err := s.sockets["serve/holder"].Close(); err != nil {
		t.Fatal(err)
	}
	delete(s.sockets, "serve/holder")
	s.sockets.open(t, Listeners([]*config.Serve{block})...)
	s.Reopened("holder")
	s.Reopened("nobody")
	retrieves(t, block)
}

func TestStopped(t *testing.T) {
	block := holder(t, "holder", "*")
	s := newSite(t, block)
	a := s.client(t, "holder")
	idle := dial(t, block.Address.Path)
	retrieves(t, block) // after idle is taken in
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if n, err := idle.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
	if err := a.Put("x", pipe(t), time.Time{}); err != errStopped {
		t.Error(err)
	}
	s.Apply([]*config.Serve{block})
	if c, err := net.DialTimeout("unix", block.Address.Path, time.Second); err == nil {
		_ = c.Close() // into the queue: the socket is the registry's
	}
}

func TestListeners(t *testing.T) {
	address := config.Address{Network: "unix", Path: "/run/x.sock"}
	abstract := config.Address{Network: "unix", Path: "@x"}
	serves := []*config.Serve{
		{Name: "own", Address: address}, {Name: "group", Address: address, Group: "deploy"}, {Name: "users", Address: address, Users: []string{"1"}},
		{Name: "said", Address: address, Mode: 0o640, Users: []string{"1"}}, {Name: "abstract", Address: abstract, Users: []string{"1"}},
	}
	var got []string
	var modes []uint32
	for _, l := range Listeners(serves) {
		got, modes = append(got, l.Name), append(modes, l.Mode)
		if BlockOf(l.Name) == "" {
			t.Errorf("%q is not known to be of a block", l.Name)
		}
	}
	if !slices.Equal(got, []string{"serve/own", "serve/group", "serve/users", "serve/said", "serve/abstract"}) ||
		!slices.Equal(modes, []uint32{0o600, 0o660, 0o666, 0o640, 0}) {
		t.Errorf("got %q, %o", got, modes)
	}
	if BlockOf("web") != "" {
		t.Error("a listener of the file is taken for a block's")
	}
}

func TestCheck(t *testing.T) {
	good := &config.Serve{Name: "a", Users: []string{"root", "12345"}, Where: "app.hcl:1"}
	bad := &config.Serve{Name: "b", Users: []string{"no-such-user"}, Where: "app.hcl:7"}
	if err := Check([]*config.Serve{good}); err != nil {
		t.Error(err)
	}
	const want = `app.hcl:7: cannot find user "no-such-user" of serve "b": this machine has no such user (create it, or give another name or a number)`
	if err := Check([]*config.Serve{good, bad}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if g, err := guestsOf(good); err != nil || !slices.Equal(g.users, []int{0, 12345}) || g.group != -1 {
		t.Errorf("got %v, %v", g, err)
	}
	for group, want := range map[string]int{"root": 0, "12345": 12345} {
		if g, err := guestsOf(&config.Serve{Group: group}); err != nil || g.group != want {
			t.Errorf("group %s: %v, %v", group, g, err)
		}
	}
	if _, err := guestsOf(&config.Serve{Name: "b", Group: "no-such-group"}); err == nil ||
		err.Error() != `cannot find group "no-such-group" of serve "b": this machine has no such group (create it, or give another name or a number)` {
		t.Error(err)
	}
}

var states = map[string]bool{
	`{"version":1,"next":0,"stored":null}`:                                                              true,
	`{"version":1,"next":3,"stored":[{"serve":"a","id":"x","key":"stored/a/3"}]}`:                       true,
	`{"version":1,"stored":[{"serve":"a","id":"x","key":"stored/a/3","until":"2030-01-01T00:00:00Z"}]}`: true,
	`{"version":2}`:                 false,
	`{}`:                            false,
	`[`:                             false,
	``:                              false,
	`{"version":1,"stored":[null]}`: false,
	`{"version":1,"stored":[{"serve":"a","id":"x","key":"listener/1"}]}`:                                           false,
	`{"version":1,"stored":[{"serve":"a","id":"","key":"stored/a/1"}]}`:                                            false,
	`{"version":1,"stored":[{"serve":"a","id":"x","key":"stored/a/1"},{"serve":"a","id":"x","key":"stored/a/2"}]}`: false,
}

func TestCheckState(t *testing.T) {
	for text, good := range states {
		if err := CheckState([]byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A state that cannot be read costs what was stored, and nothing else.
func TestLostState(t *testing.T) {
	block := holder(t, "holder", "*")
	s := newSite(t, block)
	if err := s.client(t, "holder").Put("x", pipe(t), time.Time{}); err != nil {
		t.Fatal(err)
	}
	s.Abandon()
	s.vault.texts[StateName] = []byte("{")
	s.begin(t, block)
	retrieves(t, block)
	if len(s.vault.held) != 0 {
		t.Errorf("held are %q", s.vault.names())
	}
}

func FuzzCheckState(f *testing.F) {
	for text := range states {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := readState(text)
		if err != nil {
			return
		}
		b := &Broker{o: Options{Vault: newMemory(t)}, store: s}
		if err := b.save(); err != nil {
			t.Fatal(err)
		}
		if err := CheckState(b.o.Vault.(*memory).texts[StateName]); err != nil {
			t.Fatalf("%s is written so that it cannot be read: %v", text, err)
		}
	})
}
