package supervisor

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

// TestSaveBeforeEffects checks that at every signal and start the saved state says why.
func TestSaveBeforeEffects(t *testing.T) {
	onBench(t, `ready { when = "notify" }`, always(manners{}), func(b *bench) {
		shelf := b.s.vault.(*shelf)
		b.wants(b.start(), nil)
		p := b.runner.process(0)
		st, err := readService("app", shelf.all()[stateName("app")])
		if err != nil {
			t.Fatal(err)
		}
		w := st.Generations[0].Slots[0].Worker
		if w.ID != p.spec.id || w.ID != "worker/app/1/0/1" || w.Phase != "ready" {
			t.Errorf("saved %+v, process %q", w, p.spec.id)
		}
		b.wants(b.restart(), nil)
		st, err = readService("app", shelf.all()[stateName("app")])
		if err != nil || st.Current != 2 || len(st.Generations) != 1 {
			t.Errorf("saved %+v, %v", st, err)
		}
	})
}

// TestSaveFails checks that a service goes on without a vault, says so once, and saves as soon as it can again.
func TestSaveFails(t *testing.T) {
	onBench(t, ``, always(manners{}), func(b *bench) {
		shelf := b.s.vault.(*shelf)
		b.wants(b.start(), nil)
		shelf.setFull(true)
		b.kinds()
		b.wants(b.restart(), nil)
		b.wants(b.restart(), nil)
		count := 0
		for _, kind := range b.kinds() {
			if strings.HasPrefix(kind, KindNotSaved) {
				count++
			}
		}
		if count != 1 {
			t.Errorf("told %d times that it cannot save", count)
		}
		shelf.setFull(false)
		time.Sleep(savePause)
		synctest.Wait()
		st, err := readService("app", shelf.all()[stateName("app")])
		if err != nil || st.Current != 3 {
			t.Errorf("saved %+v, %v", st, err)
		}
	})
}

// TestSaveNothingNew checks that looking at a service saves nothing.
func TestSaveNothingNew(t *testing.T) {
	onBench(t, ``, always(manners{}), func(b *bench) {
		b.wants(b.start(), nil)
		shelf := b.s.vault.(*shelf)
		before := shelf.saves()
		for range 10 {
			answer := make(chan ServiceStatus, 1)
			b.s.look(func() { answer <- b.s.status() })
			<-answer
			b.s.post(func() {})
		}
		synctest.Wait()
		if got := shelf.saves(); got != before {
			t.Errorf("%d saves", got-before)
		}
	})
}

// TestLookSeesWhatIsReported checks that a look sees nothing of which the events do not tell yet, also one that comes to its turn
// together with what changes the service.
func TestLookSeesWhatIsReported(t *testing.T) {
	onBench(t, ``, always(manners{}), func(b *bench) {
		b.wants(b.start(), nil)
		busy, seen := make(chan struct{}), make(chan int, 1)
		b.s.post(func() { <-busy })
		told := 0
		b.s.post(func() { b.s.later(func() { told++ }) })
		b.s.look(func() { seen <- told })
		close(busy)
		if got := <-seen; got != 1 {
			t.Errorf("seen before it was told of")
		}
	})
}

// TestOverslept checks that what a worker did in time counts when the manager was stopped past a deadline.
func TestOverslept(t *testing.T) {
	onBench(t, `ready { when = "notify" }`, always(manners{readyAfter: -1}), func(b *bench) {
		b.start()
		synctest.Wait()
		p := b.runner.process(0)
		asleep := make(chan struct{})
		b.s.post(func() { <-asleep }) // the loop takes no notes, like that of a process that was stopped
		time.Sleep(time.Minute)
		go p.says(notify.Message{Ready: true})
		close(asleep)
		time.Sleep(time.Minute)
		if st := b.status(); st.State != "running" || st.Restarts != 0 {
			t.Errorf("status %+v", st)
		}
	})
}

func TestLibrary(t *testing.T) {
	shelf := &shelf{texts: map[string][]byte{}}
	l := newLibrary(shelf, []string{"PORT=1"})
	text := []byte("service \"app\" {\n  command = [\"./app\", env.PORT]\n}\n")
	cfg, err := config.Parse("a.hcl", text, config.Host{System: "linux", Environ: []string{"PORT=1"}, CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	same, err := config.Parse("a.hcl", text, config.Host{System: "linux", Environ: []string{"PORT=1"}, CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	shelf.setFull(true)
	name := l.name(cfg.Source)
	if len(shelf.all()) != 0 {
		t.Error("saved into a full vault")
	}
	shelf.setFull(false)
	if l.name(cfg.Source) != name || l.name(same.Source) != name || len(shelf.all()) != 1 {
		t.Errorf("%q, %q, kept %d", name, l.name(same.Source), len(shelf.all()))
	}

	next := newLibrary(shelf, []string{"PORT=1"})
	next.load(shelf.all())
	service, all, err := next.service(name, "app")
	if err != nil || service.Name != "app" || next.name(all.Source) != name {
		t.Errorf("%+v, %v", service, err)
	}
	if _, _, err := next.service(name, "other"); err == nil {
		t.Error("found a service that is not there")
	}
	if again, err := next.config(name); err != nil || again != all {
		t.Errorf("parsed twice: %v", err)
	}
	next.retain(nil)
	if len(shelf.all()) != 0 {
		t.Error("a text that nobody uses is kept")
	}
	if _, err := next.config(name); err == nil {
		t.Error("a text that was dropped can be used")
	}

	poor := newLibrary(shelf, nil)
	l.kept = map[string]bool{}
	l.name(cfg.Source)
	poor.load(shelf.all())
	if _, err := poor.config(name); err == nil || !strings.Contains(err.Error(), "not valid for this version") {
		t.Errorf("without PORT: %v", err)
	}
}
