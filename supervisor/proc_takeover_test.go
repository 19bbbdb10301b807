//go:build linux

package supervisor

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// severed is a keeper that can be taken away from its user, as the end of a manager's process does.
type severed struct {
	keeper.Keeper
	cut  atomic.Bool
	over chan struct{}
}

func sever(k keeper.Keeper) *severed { return &severed{Keeper: k, over: make(chan struct{})} }

func (s *severed) end() {
	s.cut.Store(true)
	close(s.over)
}

func (s *severed) err() error {
	if s.cut.Load() {
		return os.ErrClosed
	}
	return nil
}

func (s *severed) Hold(name string, d *fdpass.Descriptor) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Hold(name, d)
}

func (s *severed) Save(name string, text []byte) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Save(name, text)
}

func (s *severed) Drop(name string) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Drop(name)
}

func (s *severed) Spawn(spawn keeper.Spawn) (keeper.Process, error) {
	if s.err() != nil {
		return keeper.Process{}, s.err()
	}
	return s.Keeper.Spawn(spawn)
}

func (s *severed) Signal(id keeper.ID, sig syscall.Signal) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Signal(id, sig)
}

func (s *severed) Kill(id keeper.ID) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Kill(id)
}

func (s *severed) Forget(id keeper.ID) error {
	if s.err() != nil {
		return s.err()
	}
	return s.Keeper.Forget(id)
}

func (s *severed) Wait(id keeper.ID) (keeper.Exit, error) {
	type result struct {
		exit keeper.Exit
		err  error
	}
	c := make(chan result, 1)
	go func() {
		exit, err := s.Keeper.Wait(id)
		c <- result{exit, err}
	}()
	select {
	case r := <-c:
		return r.exit, r.err
	case <-s.over:
		return keeper.Exit{}, os.ErrClosed
	}
}

// succeed takes the manager's keeper away and has another manager go on, with what change makes of the inventory.
func (r *rig) succeed(change func(i *keeper.Inventory)) {
	r.t.Helper()
	old, ended := r.m, r.ended
	r.keeper.end()
	old.registry.Abandon()
	inventory, err := r.local.Inventory()
	if err != nil {
		r.t.Fatal(err)
	}
	change(&inventory)
	cfg, err := Examine(inventory.Texts, os.Environ())
	if cfg == nil {
		if cfg, err = r.load(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.keeper = sever(r.local)
	r.m, err = New(Options{Config: cfg, Load: r.load, Keeper: r.keeper, Before: &inventory, RuntimeDir: r.dir, Environ: os.Environ(),
		Log: hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Trace})})
	if err != nil {
		r.t.Fatal(err)
	}
	r.run()
	<-r.m.InCharge()
	old.Shutdown()
	<-ended
}

const pair = `
listener "web"   { address = "unix://DIR.sock" }
listener "admin" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["SELF", "worker", "serve"]
  listeners = ["web"]
  workers   = 2
}
service "other" {
  command   = ["SELF", "worker", "wait"]
  listeners = ["admin"]
  ready { settle = "10ms" }
}`

// TestProcTakeOver has one manager after the other go on, whatever has become of what was saved: the workers stay, and the listeners.
func TestProcTakeOver(t *testing.T) {
	garbage := []byte("{garbage")
	tests := map[string]func(i *keeper.Inventory){
		"all is there":       func(*keeper.Inventory) {},
		"state of a service": func(i *keeper.Inventory) { i.Texts["state/service/app"] = garbage },
		"newer state": func(i *keeper.Inventory) {
			i.Texts["state/service/app"] = []byte(strings.Replace(string(i.Texts["state/service/app"]), `"version":1`, `"version":9`, 1))
		},
		"state of the manager":   func(i *keeper.Inventory) { i.Texts["state/manager"] = garbage },
		"state of the listeners": func(i *keeper.Inventory) { i.Texts["state/listeners"] = garbage },
		"configuration": func(i *keeper.Inventory) {
			for name := range i.Texts {
				if strings.HasPrefix(name, configPrefix) {
					i.Texts[name] = garbage
				}
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, pair).started()
			pids, before := append(r.pids("app"), r.pids("other")...), r.status()
			address := r.address("web")
			r.succeed(change)
			r.succeed(func(*keeper.Inventory) {}) // what was made up for is as good as before
			if got := append(r.pids("app"), r.pids("other")...); !slices.Equal(got, pids) {
				t.Errorf("pids %v, were %v", got, pids)
			}
			if got := r.address("web"); got != address {
				t.Errorf("address %s, was %s", got, address)
			}
			if _, err := get(address); err != nil {
				t.Error(err)
			}
			if st := r.status(); st.Services[0].State != "running" || st.Services[0].Generation != 1 || st.StartedAt.IsZero() || len(before.Services) != len(st.Services) {
				t.Errorf("status %+v", st)
			}
			if err := r.restart("app"); err != nil {
				t.Error(err)
			}
			if _, err := get(address); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestProcTakeOverReload has the manager end in the middle of a reload: what it had begun is carried to its end.
func TestProcTakeOverReload(t *testing.T) {
	r := newRig(t, pair).started()
	pids := r.pids("other")
	address := r.address("web")
	r.rewrite(strings.ReplaceAll(pair, "workers   = 2", `environment = { A = "1" }`) + `
service "third" {
  command = ["SELF", "worker", "wait"]
  ready { settle = "10ms" }
}`)
	next, err := r.load()
	if err != nil {
		t.Fatal(err)
	}
	r.succeed(func(i *keeper.Inventory) { // the configuration is in force and no service has heard of it
		lib := newLibrary(r.local, nil)
		m := &Manager{config: next, library: lib}
		text, err := json.Marshal(m.state())
		if err != nil {
			t.Fatal(err)
		}
		i.Texts[managerName] = text
		source, err := json.Marshal(next.Source)
		if err != nil {
			t.Fatal(err)
		}
		i.Texts[lib.name(next.Source)] = source
	})
	r.awaitEvent(func(e Event) bool { return e.Kind == KindRetire && e.Service == "app" })
	r.awaitQuiet("app", 1)
	r.awaitQuiet("third", 1)
	st := r.status()
	if st.Services[0].Generation != 2 || len(st.Services) != 3 || !slices.Equal(r.pids("other"), pids) || r.address("web") != address {
		t.Errorf("status %+v", st)
	}
	changes, err := r.m.Reload(t.Context(), nil)
	if err != nil || !changes.Empty() {
		t.Errorf("reload: %v, %v", changes, err)
	}
	r.status() // what follows a reload has been done when this is answered
	texts, err := r.local.Inventory()
	if err != nil {
		t.Fatal(err)
	}
	defer texts.Close()
	configs := 0
	for name := range texts.Texts {
		if strings.HasPrefix(name, configPrefix) {
			configs++
		}
	}
	if configs != 1 {
		t.Errorf("%d texts of configurations are kept", configs)
	}
}
