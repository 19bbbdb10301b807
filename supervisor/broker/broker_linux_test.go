package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// memory is a Vault. After failAt calls it fails, as one does whose process is killed in between.
type memory struct {
	mu     sync.Mutex
	held   map[string]*fdpass.Descriptor
	texts  map[string][]byte
	calls  int
	failAt int // 0: never
}

var errKilled = errors.New("killed")

func newMemory(t *testing.T) *memory {
	m := &memory{held: map[string]*fdpass.Descriptor{}, texts: map[string][]byte{}}
	t.Cleanup(func() {
		for _, d := range m.held {
			_ = d.Close()
		}
	})
	return m
}

func (m *memory) call(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls++; m.failAt > 0 && m.calls >= m.failAt {
		return errKilled
	}
	return f()
}

func (m *memory) Hold(name string, d *fdpass.Descriptor) error {
	return m.call(func() (err error) {
		m.held[name], err = d.Dup()
		return err
	})
}

func (m *memory) Save(name string, text []byte) error {
	return m.call(func() error { m.texts[name] = slices.Clone(text); return nil })
}

func (m *memory) Drop(name string) error {
	return m.call(func() error {
		if d := m.held[name]; d != nil {
			_ = d.Close()
		}
		delete(m.held, name)
		delete(m.texts, name)
		return nil
	})
}

func (m *memory) names() []string {
	var names []string
	for name := range m.held {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// before is what a broker after this one gets.
func (m *memory) before() *Before {
	return &Before{State: m.texts[StateName], Held: m.names(), Take: func(name string) *fdpass.Descriptor {
		d := m.held[name]
		if d == nil {
			return nil
		}
		dup, _ := d.Dup()
		return dup
	}}
}

// sockets has listeners by name, those of blocks too.
type sockets map[string]*fdpass.Socket

func (s sockets) Duplicates(names ...string) (list []fdpass.Named, err error) {
	for _, name := range names {
		if s[name] == nil {
			return nil, fmt.Errorf("there is no listener %q", name)
		}
		d, err := s[name].Descriptor().Dup()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: name, Descriptor: d})
	}
	return list, nil
}

// open opens what the registry would.
func (s sockets) open(t *testing.T, listeners ...*config.Listener) {
	t.Helper()
	for _, l := range listeners {
		if s[l.Name] != nil {
			continue
		}
		socket, err := fdpass.Open(fdpass.Spec{Name: l.Name, Address: fdpass.Address(l.Address), Mode: l.Mode, UID: -1, GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		s[l.Name] = socket
	}
}

func listen(t *testing.T, name, address string) *config.Listener {
	t.Helper()
	a, err := config.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return &config.Listener{Name: name, Address: a}
}

// holder is a block that speaks s6-fdholder and may store what fits.
func holder(t *testing.T, name string, store ...string) *config.Serve {
	t.Helper()
	a, err := config.ParseAddress("unix://" + filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	return &config.Serve{Name: name, Protocol: "s6-fdholder", Address: a, Listeners: []string{"web"}, Store: store, Where: "app.hcl:9"}
}

// site is a broker and all around it.
type site struct {
	*Broker
	vault   *memory
	sockets sockets
}

func newSite(t *testing.T, serves ...*config.Serve) *site {
	t.Helper()
	s := &site{vault: newMemory(t), sockets: sockets{}}
	s.sockets.open(t, listen(t, "web", "tcp://127.0.0.1:0"))
	s.begin(t, serves...)
	return s
}

// begin makes a broker that goes on from what there is.
func (s *site) begin(t *testing.T, serves ...*config.Serve) {
	t.Helper()
	s.sockets.open(t, Listeners(serves)...)
	s.Broker = New(Options{Vault: s.vault, Sockets: s.sockets, Before: s.vault.before()})
	b := s.Broker
	t.Cleanup(func() { _ = b.Close() })
	s.Apply(serves)
}

// client is what a dialogue with a block could do.
func (s *site) client(t *testing.T, name string) *access {
	t.Helper()
	for _, k := range s.blocks {
		if k.cfg.Name == name {
			return &access{server: k.server, who: fdpass.Peer{UID: os.Getuid(), PID: os.Getpid()}}
		}
	}
	t.Fatalf("there is no block %q", name)
	return nil
}

// pipe is any descriptor.
func pipe(t *testing.T) *fdpass.Descriptor {
	t.Helper()
	r, w, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	return w
}

func names(t *testing.T, a *access) []string {
	t.Helper()
	list, err := a.List()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range list {
		out = append(out, n.Name)
		_ = n.Descriptor.Close()
	}
	return out
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A client gets the listener itself.
func TestServes(t *testing.T) {
	block := holder(t, "holder")
	s := newSite(t, block)
	d, err := wire.FetchFDHolder(t.Context(), block.Address.Path, "web")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if at, err := fdpass.AddressOf(d); err != nil || at.Port != s.sockets["web"].Address().Port {
		t.Errorf("got %v, %v", at, err)
	}
	if _, err := wire.FetchFDHolder(t.Context(), block.Address.Path, "nope"); !errors.Is(err, wire.ErrUnknown) {
		t.Errorf("an unknown one: %v", err)
	}
	want := []Status{{Name: "holder", Protocol: "s6-fdholder", Address: block.Address.String(), Listeners: []string{"web"}}}
	got := s.Status()
	got[0].Clients = 0 // those that are just leaving
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStores(t *testing.T) {
	s := newSite(t, holder(t, "holder", "app.*", "x"))
	c := s.client(t, "holder")
	for id, want := range map[string]error{"app.b": nil, "app.a": nil, "other": wire.ErrDenied, "web": wire.ErrDenied, "x": nil} {
		if err := c.Put(id, pipe(t), time.Time{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	if err := c.Put("app.a", pipe(t), time.Time{}); !errors.Is(err, wire.ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if d := cmp.Diff([]string{"web", "app.a", "app.b", "x"}, names(t, c)); d != "" {
		t.Error(d)
	}
	for id, want := range map[string]error{"app.b": nil, "app.z": wire.ErrUnknown, "other": wire.ErrDenied, "web": wire.ErrDenied} {
		if err := c.Delete(id); !errors.Is(err, want) {
			t.Errorf("delete %s: %v, want %v", id, err, want)
		}
	}
	if d := cmp.Diff([]string{"app.a", "x"}, s.Status()[0].Stored); d != "" {
		t.Error(d)
	}
	if n := len(s.vault.held); n != 2 {
		t.Errorf("%d are held: %q", n, s.vault.names())
	}
}

func TestStoresSoMany(t *testing.T) {
	s := newSite(t, holder(t, "a", "*"), holder(t, "b", "*"))
	a, b := s.client(t, "a"), s.client(t, "b")
	for n := range maxStored {
		if err := a.Put(fmt.Sprint("app.", n), pipe(t), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Put("more", pipe(t), time.Time{}); !errors.Is(err, wire.ErrFull) {
		t.Errorf("one more: %v", err)
	}
	if err := b.Put("more", pipe(t), time.Time{}); err != nil {
		t.Errorf("the other block: %v", err)
	}
}

func TestStoredSurvives(t *testing.T) {
	block := holder(t, "holder", "*")
	s := newSite(t, block)
	c := s.client(t, "holder")
	if err := errors.Join(c.Put("a", pipe(t), time.Time{}), c.Put("b", pipe(t), time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	s.Abandon()
	s.begin(t, block)
	if d := cmp.Diff([]string{"web", "a", "b"}, names(t, s.client(t, "holder"))); d != "" {
		t.Error(d)
	}
	if err := s.client(t, "holder").Put("c", pipe(t), time.Time{}); err != nil {
		t.Error(err)
	}
	s.Apply(nil) // the block is gone, and what it had
	if len(s.vault.held) != 0 {
		t.Errorf("still held are %q", s.vault.names())
	}
	if err := s.Close(); err != nil || len(s.vault.texts) != 0 {
		t.Errorf("left are %v, %v", s.vault.texts, err)
	}
}

// The process is killed at each of its calls: what was said yes to is there for the next one, and nothing is held that it does not know.
func TestKilledAtEveryCall(t *testing.T) {
	for at := 1; at < 12; at++ {
		block := holder(t, "holder", "*")
		s := newSite(t, block)
		s.vault.calls, s.vault.failAt = 0, at
		c := s.client(t, "holder")
		want := []string{"web"}
		for _, id := range []string{"a", "b", "c"} {
			if c.Put(id, pipe(t), time.Time{}) == nil {
				want = append(want, id)
			}
		}
		s.Abandon()
		s.vault.failAt = 0
		s.begin(t, block)
		got := names(t, s.client(t, "holder"))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("killed at call %d: %s", at, d)
		}
		if len(s.vault.held) != len(got)-1 {
			t.Errorf("killed at call %d: held are %q", at, s.vault.names())
		}
	}
}

func TestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{Vault: newMemory(t), Sockets: sockets{}})
		b.blocks = []*block{{broker: b, cfg: &config.Serve{Name: "holder", Protocol: "s6-fdholder", Store: []string{"*"}}}}
		for id, in := range map[string]time.Duration{"a": time.Minute, "b": time.Hour, "c": 0} {
			var until time.Time
			if in > 0 {
				until = time.Now().Add(in)
			}
			if err := b.put(b.blocks[0], id, pipe(t), until); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"a b c", "b c", "c"} {
			if got := strings.Join(b.Status()[0].Stored, " "); got != want {
				t.Errorf("stored are %q, want %q", got, want)
			}
			time.Sleep(30 * time.Minute)
			synctest.Wait()
			if want == "b c" {
				time.Sleep(time.Hour)
				synctest.Wait()
			}
		}
		_ = b.Close()
	})
}
