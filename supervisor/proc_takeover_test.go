//go:build unix

package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

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
	left, unfit := Examine(inventory.Texts, os.Environ())
	cfg := left.Config()
	if unfit != nil {
		left = nil
	}
	if cfg == nil {
		if cfg, err = r.load(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.keeper = sever(r.local)
	r.m, err = New(Options{Config: cfg, Load: r.load, Keeper: r.keeper, Before: &inventory, Left: left, RuntimeDir: r.dir, Environ: os.Environ(),
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

// interrupt runs do, has the manager end in it, and another one go on.
func (r *rig) interrupt(at func(call string) bool, do func()) {
	r.t.Helper()
	r.keeper.strike(at)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	<-r.keeper.struck
	r.succeed(func(*keeper.Inventory) {})
	<-done
}

func atManagersSave(call string) bool { return call == "save "+managerName }

// heldFor gives the names of what the keeper holds that begin with prefix.
func (r *rig) heldFor(prefix string) (names []string) {
	i, err := r.local.Inventory()
	if err != nil {
		r.t.Fatal(err)
	}
	defer i.Close()
	for _, d := range i.Descriptors {
		if strings.HasPrefix(d.Name, prefix) {
			names = append(names, d.Name)
		}
	}
	return names
}

// TestProcTakeOverMovedListener has the manager end when a listener is another socket already, and no service knows.
func TestProcTakeOverMovedListener(t *testing.T) {
	r := newRig(t, pair).started()
	before := r.address("web")
	r.interrupt(atManagersSave, func() { _ = r.reload(strings.Replace(pair, "unix://DIR.sock", "tcp://127.0.0.1:0", 1)) })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindRetire && e.Service == "app" })
	if now := r.address("web"); now == before || r.status().Services[0].Generation != 2 {
		t.Errorf("address %s, was %s: %+v", now, before, r.status().Services[0])
	} else if _, err := get(now); err != nil {
		t.Error(err)
	}
}

// TestProcTakeOverRefusedBefore has the manager end in a reload after one that was refused: that one does not count.
func TestProcTakeOverRefusedBefore(t *testing.T) {
	r := newRig(t, pair).started()
	if err := r.reload(strings.Replace(pair, `"serve"]`, `"fail"]`, 1)); err == nil {
		t.Fatal("a worker that fails was rolled out")
	}
	r.interrupt(atManagersSave, func() { _ = r.reload(strings.Replace(pair, "workers   = 2", `environment = { A = "1" }`, 1)) })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindRetire && e.Service == "app" })
	if s := r.status().Services[0]; s.Generation != 3 || s.Reason != "" {
		t.Errorf("status %+v", s)
	}
}

// TestProcTakeOverBeforeSpawn has the manager end when all is made for a worker but the worker: what is made for it anew is kept.
func TestProcTakeOverBeforeSpawn(t *testing.T) {
	text := pair
	for i := range 20 {
		text += fmt.Sprintf("\nservice \"s%d\" {\n command = [\"/bin/sleep\", \"100\"]\n ready { when = \"started\" }\n stop { timeout = \"0s\" }\n}\n", i)
	}
	r := newRig(t, text).started()
	r.interrupt(func(call string) bool { return call == "spawn" }, func() { _ = r.restart("app") })
	r.awaitQuiet("app", 2)
	if held := r.heldFor("worker/app/2/"); len(held) != 8 {
		t.Errorf("held are %q", held)
	}
}

// TestProcTakeOverStale has the manager end when nothing could be saved for a while: the workers that serve go on.
func TestProcTakeOverStale(t *testing.T) {
	r := newRig(t, pair).started()
	r.keeper.full.Store(true)
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	pids := r.pids("app")
	r.succeed(func(*keeper.Inventory) {})
	r.awaitQuiet("app", 2)
	if got := r.pids("app"); !slices.Equal(got, pids) || r.status().Services[0].Generation != 2 {
		t.Errorf("pids %v, were %v: %+v", got, pids, r.status().Services[0])
	}
}

// TestProcTakeOverRemoved has the manager end in a reload that removes services: they end in their order.
func TestProcTakeOverRemoved(t *testing.T) {
	keep := "service \"keep\" {\n command = [\"SELF\", \"worker\", \"wait\"]\n ready { settle = \"10ms\" }\n}\n"
	r := newRig(t, keep+`
service "db" { 
  command = ["SELF", "worker", "wait"] 
  ready { settle = "10ms" }
}
service "web" {
  command = ["SELF", "worker", "hang"]
  ready { settle = "10ms" }
  depends_on = ["db"]
  stop { timeout = "200ms" }
}`).started()
	r.interrupt(atManagersSave, func() { _ = r.reload(keep) })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindServiceStopped && e.Service == "db" })
	var order []string
	_ = r.m.Events(t.Context(), false, func(e Event) error {
		if e.Kind == KindServiceStopped {
			order = append(order, e.Service)
		}
		return nil
	})
	if d := cmp.Diff([]string{"web", "db"}, order); d != "" {
		t.Error(d)
	}
}

// TestSignalRightAfterResume has somebody signal a service before its processes are attached.
func TestSignalRightAfterResume(t *testing.T) {
	onBench(t, ``, always(manners{}), func(b *bench) {
		b.wants(b.start(), nil)
		shelf := b.s.vault.(*shelf)
		lib := newLibrary(shelf, nil)
		lib.load(shelf.all())
		st, err := readService("app", shelf.all()[stateName("app")])
		if err != nil {
			t.Fatal(err)
		}
		close(b.s.quit)
		<-b.s.done
		if b.s, err = restored(st, b.runner, noSockets{}, lib, b.record); err != nil {
			t.Fatal(err)
		}
		reply := make(chan error, 1)
		b.s.post(b.s.resume)
		b.s.post(func() { reply <- b.s.signalAll(syscall.SIGHUP) })
		go b.s.loop()
		b.wants(reply, nil)
		if got := b.runner.process(0).got(); !slices.Equal(got, []syscall.Signal{syscall.SIGHUP}) {
			t.Errorf("signals %v", got)
		}
	})
}

// TestHookLateAtResume checks that the time limit of a hook that passed meanwhile still counts.
func TestHookLateAtResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := always(manners{})
		r.hooks, r.hookFor = map[string]error{"after_stop": nil}, time.Hour
		cfg := parse(t, ``)
		s := newService(cfg.Services[0], cfg, r, noSockets{}, newShelf(), func(Event) {})
		g := newGeneration(1, s.cfg, s.all, 0)
		g.stopping, g.closed, g.promoted = true, true, true
		g.hook = &hookRun{name: afterStop, id: "hook/app/1/after_stop/1", allowed: time.Second, until: time.Now().Add(-time.Minute)}
		s.former, s.serial = append(s.former, g), 1
		s.post(s.resume)
		go s.loop()
		time.Sleep(grace + time.Second)
		reply := make(chan int, 1)
		s.look(func() { reply <- len(s.former) })
		if n := <-reply; n != 0 {
			t.Errorf("%d generations wait for the hook", n)
		}
		close(s.quit)
		<-s.done
	})
}
