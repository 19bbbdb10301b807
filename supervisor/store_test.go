package supervisor

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

// What is stored must never be more than the next worker can be started with.
func TestStoreHasRoom(t *testing.T) {
	short := storedFile{storedState: storedState{Name: "a"}}
	for name, tt := range map[string]struct {
		stored    []storedFile
		listeners int
		want      string
	}{
		"empty":            {nil, 1, ""},
		"last":             {slices.Repeat([]storedFile{short}, 127), 1, ""},
		"full":             {slices.Repeat([]storedFile{short}, 128), 1, `service "app" may store 128 descriptors (raise fd_store)`},
		"last beside many": {slices.Repeat([]storedFile{short}, 27), 200, ""},
		"many listeners":   {slices.Repeat([]storedFile{short}, 28), 200, "a worker can be given 228 listeners and stored descriptors at most"},
	} {
		s := &service{name: "app", store: store{stored: tt.stored}}
		cfg := &config.Service{FDStore: 128, Handoff: []string{"einhorn", "systemd"}, Listeners: make([]string, tt.listeners)}
		got := ""
		if err := s.hasRoom(&generation{cfg: cfg}); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// A generation that may keep less than is stored must start all the same, and what it may not have goes when it is the current one.
func TestStoreShrinks(t *testing.T) {
	for name, tt := range map[string]struct {
		to    string
		given int // to the first worker of the next generation
	}{
		"fewer":      {"fd_store = 1", 1},
		"none":       {"", 0},
		"no systemd": {`handoff = ["einhorn"]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, "fd_store = 3", always(manners{}), func(b *bench) {
				b.wants(b.start(), nil)
				first := b.runner.process(0)
				for range 3 {
					first.says(storing(t))
				}
				if got := b.stored(); got != 3 {
					t.Fatalf("%d are stored", got)
				}
				b.runner.setManners(func(spec, int) manners { return manners{readyAfter: -1, drain: time.Minute} })
				next := parse(t, tt.to)
				done := b.ask(operation{kind: opRestart, cfg: next.Services[0], all: next})
				second := b.runner.process(1)
				if got := len(second.spec.stored); got != tt.given || got != len(second.spec.storedNames) {
					t.Errorf("%d are given, want %d", got, tt.given)
				}
				if got := b.stored(); got != 3 {
					t.Errorf("%d are stored before the promotion", got)
				}
				second.says(notify.Message{Ready: true})
				b.wants(done, nil)
				if got := b.stored(); got != tt.given {
					t.Errorf("%d are stored, want %d", got, tt.given)
				}
			})
		})
	}
}

// What a generation has stored that failed is not more than the one before may keep.
func TestStoreShrinksBack(t *testing.T) {
	onBench(t, "fd_store = 1", always(manners{}), func(b *bench) {
		b.wants(b.start(), nil)
		b.runner.process(0).says(storing(t))
		b.runner.setManners(func(spec, int) manners { return manners{readyAfter: -1} })
		next := parse(t, "fd_store = 3")
		done := b.ask(operation{kind: opRestart, cfg: next.Services[0], all: next})
		second := b.runner.process(1)
		second.says(storing(t))
		second.says(storing(t))
		if got := b.stored(); got != 3 {
			t.Errorf("%d are stored", got)
		}
		second.exits(1)
		b.wants(done, errors.New("rolled back"))
		if got := b.stored(); got != 1 {
			t.Errorf("%d are stored after the rollback", got)
		}
	})
}

// A worker that finishes stores its state for those after it: for as many as those may have.
func TestStoreOfTheOld(t *testing.T) {
	onBench(t, "fd_store = 3", always(manners{drain: time.Minute}), func(b *bench) {
		b.wants(b.start(), nil)
		next := parse(t, "fd_store = 1")
		b.ask(operation{kind: opRestart, cfg: next.Services[0], all: next})
		for range 2 {
			b.runner.process(0).says(storing(t))
		}
		if got := b.stored(); got != 1 {
			t.Errorf("%d are stored", got)
		}
	})
}

// storing is a message with a pipe of its own.
func storing(t *testing.T) notify.Message {
	t.Helper()
	r, w, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	return notify.Message{Store: []*fdpass.Descriptor{w}, StoreName: "state", StoreUnpolled: true}
}

func (b *bench) stored() int {
	synctest.Wait()
	c := make(chan int, 1)
	b.s.look(func() { c <- len(b.s.stored) })
	return <-c
}
