package broker

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
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
	k := &block{guests: []int{33}}
	for uid, want := range map[int]bool{0: true, os.Geteuid(): true, 33: true, 34: false, -1: false} {
		if got := k.admits(peer{uid: uid}); got != want {
			t.Errorf("uid %d: %t", uid, got)
		}
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
	if uids, err := guests(good); err != nil || !slices.Equal(uids, []int{0, 12345}) {
		t.Errorf("got %v, %v", uids, err)
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
