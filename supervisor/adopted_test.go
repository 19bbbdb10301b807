package supervisor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// adopting is a service that adopts with two listeners, and more attributes.
func adopting(attributes string) string {
	return attributes + `
  handoff   = ["adopt"]
  listeners = ["web", "admin"]
}
listener "web" { address = "tcp://:8080" }
listener "admin" {
  address = "unix:///run/admin.sock"
`
}

// listensAt has a process listen as package adopt tells it.
func (p *fakeProcess) listensAt(listener, mode string) {
	p.hear()(happening{kind: listening, pid: p.pid, name: listener, mode: mode})
}

// TestAdoptedReady checks that a program is ready when it listens everywhere and has shown what ready.when asks for, in any order.
func TestAdoptedReady(t *testing.T) {
	web := func(p *fakeProcess) { p.listensAt("web", "own") }
	admin := func(p *fakeProcess) { p.listensAt("admin", "shared") }
	sign := func(p *fakeProcess) { p.hear()(happening{kind: foundReady}) }
	second := func(*fakeProcess) { time.Sleep(time.Second) }
	for name, tt := range map[string]struct {
		when  string
		steps []func(*fakeProcess)
		ready int // number of steps after which it is
	}{
		"started":                {`ready { when = "started" }`, []func(*fakeProcess){web, second, admin}, 3},
		"a sign before":          {`ready { when = "notify" }`, []func(*fakeProcess){sign, web, second, admin}, 4},
		"a sign after":           {`ready { when = "notify" }`, []func(*fakeProcess){web, admin, second, sign}, 4},
		"a sign between":         {`ready { when = "log" pattern = "up" }`, []func(*fakeProcess){admin, sign, web}, 3},
		"auto: alive since then": {``, []func(*fakeProcess){second, second, web, second, admin, second}, 6},
		"auto: a sign":           {``, []func(*fakeProcess){web, second, sign, admin}, 4},
		"twice at one":           {``, []func(*fakeProcess){web, web, second, second, admin, second}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			attributes := strings.ReplaceAll(tt.when, " pattern", "\n pattern")
			attributes = strings.ReplaceAll(strings.ReplaceAll(attributes, "{ ", "{\n"), " }", "\n}")
			onBench(t, adopting(attributes), always(manners{readyAfter: -1}), func(b *bench) {
				answer := b.start()
				for i, step := range tt.steps {
					b.waits(answer)
					if i < tt.ready {
						step(b.runner.process(0))
					}
				}
				b.wants(answer, nil)
			})
		})
	}
}

// TestAdoptedIsTold checks the events and the status of a program that listens.
func TestAdoptedIsTold(t *testing.T) {
	onBench(t, adopting(``), always(manners{}), func(b *bench) {
		b.start()
		b.kinds()
		p := b.runner.process(0)
		p.listensAt("web", "own")
		p.listensAt("web", "inject")
		p.listensAt("admin", "shared")
		for range 2 {
			p.hear()(happening{kind: strange, pid: 77, name: "tcp4://127.0.0.1:9090"})
			p.hear()(happening{kind: unanswered, pid: 77, name: "web", err: errors.New("it is out of reach")})
		}
		synctest.Wait()
		if e := b.events[1]; e.Listener != "admin" || e.Message != "worker listens, mode shared" {
			t.Errorf("event %+v", e)
		}
		i := slices.IndexFunc(b.events, func(e Event) bool { return e.Kind == KindWorkerUnmanaged })
		if e := b.events[i]; e.PID != 77 || !strings.Contains(e.Error, `EADDRINUSE (add a listener with address = "tcp4://127.0.0.1:9090"`) {
			t.Errorf("event %+v", e)
		}
		want := []string{"worker.adopted.1", "worker.adopted.1", "worker.ready.1", "worker.unmanaged.1", "worker.not-intercepted.1"}
		if d := cmp.Diff(want, b.kinds()); d != "" {
			t.Error(d)
		}
		w := b.status().Workers[0]
		if d := cmp.Diff([]AdoptedStatus{{"web", "inject"}, {"admin", "shared"}}, w.Adopted); d != "" || w.NotIntercepted != "it is out of reach" {
			t.Errorf("status %+v: %s", w, d)
		}
	})
}

// TestAdoptedNever checks what is said of a program that does not listen where it should: a rollout keeps the generation that serves.
func TestAdoptedNever(t *testing.T) {
	for name, tt := range map[string]struct {
		does func(*fakeProcess)
		want string
	}{
		"nothing": {func(*fakeProcess) {}, `: it does not listen at listener "web", tcp://[::]:8080 (have the program bind to exactly that address`},
		"one":     {func(p *fakeProcess) { p.listensAt("web", "own") }, `listener "admin", unix:///run/admin.sock (have`},
		"elsewhere": {func(p *fakeProcess) { p.hear()(happening{kind: strange, name: "tcp4://0.0.0.0:81"}) },
			`, but binds to tcp4://0.0.0.0:81 (give the listener that address, or the program the listener's)`},
		"past": {func(p *fakeProcess) { p.hear()(happening{kind: unanswered, err: errors.New("no right to look")}) }, `; not intercepted: no right to look`},
		"past, and gone": {func(p *fakeProcess) {
			p.hear()(happening{kind: unanswered, err: errors.New("no right to look")})
			p.exits(1)
		}, `exited with status 1 before it was ready; not intercepted: no right to look`},
		"silent": {func(p *fakeProcess) { p.listensAt("web", "own"); p.listensAt("admin", "shared") }, `: it has not sent READY=1 to NOTIFY_SOCKET`},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, adopting("ready { when = \"notify\" }"), always(manners{}), func(b *bench) {
				b.start()
				b.runner.process(0).listensAt("web", "own")
				b.runner.process(0).listensAt("admin", "shared")
				b.runner.setManners(func(spec, int) manners { return manners{readyAfter: -1} })
				answer := b.restart()
				tt.does(b.runner.process(1))
				time.Sleep(time.Minute)
				synctest.Wait()
				err := <-answer
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasSuffix(err.Error(), "generation 1 goes on") {
					t.Errorf("got %v, want %s", err, tt.want)
				}
			})
		})
	}
}

// TestAdoptedSurvives checks that the next manager knows where a program listens, and what it still waits for.
func TestAdoptedSurvives(t *testing.T) {
	onBench(t, adopting("ready { when = \"notify\" }"), always(manners{}), func(b *bench) {
		answer := b.start()
		b.runner.process(0).listensAt("web", "own")
		b.runner.process(0).hear()(happening{kind: strange, name: "tcp4://0.0.0.0:81"})
		b.runner.process(0).hear()(happening{kind: unanswered, err: errors.New("a while")})
		b.waits(answer)
		shelf := b.s.vault.(*shelf)
		st, err := readService("app", shelf.all()[stateName("app")])
		if err != nil {
			t.Fatal(err)
		}
		lib := newLibrary(shelf, nil)
		lib.load(shelf.all())
		s, err := restored(st, b.runner, noSockets{}, lib, b.record)
		if err != nil {
			t.Fatal(err)
		}
		w, was := s.everyWorker()[0], b.s.everyWorker()[0]
		if !w.shown || !cmp.Equal(w.adopted, was.adopted) || !w.listenedAt.Equal(was.listenedAt) || !cmp.Equal(w.strange, was.strange) || w.past != "a while" {
			t.Errorf("%+v became %+v", was, w)
		}
		if d := cmp.Diff([]string{"admin"}, w.unheard()); d != "" {
			t.Error(d)
		}
		b.runner.process(0).listensAt("admin", "shared")
		b.wants(answer, nil)
	})
}

// TestStrangeIsBounded checks that a program that binds everywhere fills no memory.
func TestStrangeIsBounded(t *testing.T) {
	onBench(t, adopting(``), always(manners{}), func(b *bench) {
		b.start()
		for i := range 3 * mostStrange {
			b.runner.process(0).hear()(happening{kind: strange, name: strings.Repeat("x", i)})
		}
		synctest.Wait()
		if n := len(b.s.everyWorker()[0].strange); n != mostStrange {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}
