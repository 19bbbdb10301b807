package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// kernel stands for a registry whose listeners have a socket for each generation, and for what it has told the kernel. It outlives managers.
type kernel struct {
	noSockets
	mortal *mortal

	mu     sync.Mutex
	calls  []string
	to     int // the generation that gets new connections; 0: they wait
	canary int // the one that gets a share of them
	share  float64
	broken error // what every change answers
}

func (k *kernel) tell(call string, change func()) error {
	k.mortal.risk()
	defer k.mortal.risk()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		k.calls = append(k.calls, call+" refused")
		return k.broken
	}
	k.calls = append(k.calls, call)
	change()
	return nil
}

func (k *kernel) Promote(u registry.User) error {
	return k.tell(fmt.Sprintf("promote %d", u.Generation), func() { k.to, k.canary, k.share = u.Generation, 0, 0 })
}

func (k *kernel) Canary(u registry.User, share float64) error {
	return k.tell(fmt.Sprintf("canary %d %g", u.Generation, share), func() { k.canary, k.share = u.Generation, share })
}

func (k *kernel) Rest(u registry.User) error {
	return k.tell(fmt.Sprintf("rest %d", u.Generation), func() {
		if k.to == u.Generation {
			k.to = 0
		}
	})
}

// told gives what the kernel was told since the last call.
func (k *kernel) told() []string {
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.calls
	k.calls = nil
	return list
}

func (k *kernel) breaks(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = err
}

var errKernel = errors.New("operation not permitted")

// steeredConfig is a service of these attributes with a listener that has a socket for each generation, which waits for no connections
// unless they have a stop block.
func steeredConfig(t *testing.T, attributes string, change ...func(*config.Rollout)) *config.Config {
	t.Helper()
	if !strings.Contains(attributes, "stop {") {
		attributes += "\nstop { drain = \"0s\" }"
	}
	text := "listener \"web\" {\n  address = \"tcp://127.0.0.1:0\"\n  sharing = \"generation\"\n}\nservice \"app\" {\n  command = [\"./app\"]\n  listeners = [\"web\"]\n" + attributes + "\n}\n"
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{System: "linux", CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&cfg.Services[0].Rollout)
	}
	return cfg
}

func keepFor(d time.Duration) func(*config.Rollout) {
	return func(r *config.Rollout) { r.KeepOld = d }
}

func canaryFor(share float64, d time.Duration) func(*config.Rollout) {
	return func(r *config.Rollout) { r.Canary = &config.Canary{Share: share, For: d} }
}

// onSteered is onBench for a service whose new connections the kernel divides.
func onSteered(t *testing.T, cfg *config.Config, r *fakeRunner, f func(b *bench, k *kernel)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, k := &bench{t: t, runner: r}, &kernel{}
		b.s = newService(cfg.Services[0], cfg, r, k, newShelf(), b.record)
		go b.s.loop()
		f(b, k)
		stopped := b.stop()
		time.Sleep(10 * time.Minute)
		b.wants(stopped, nil)
		for i, p := range r.all {
			if !p.freed {
				t.Errorf("process %d was not released", i)
			}
		}
		if k.to != 0 || k.share != 0 {
			t.Errorf("new connections go to generation %d, %g of them to %d", k.to, k.share, k.canary)
		}
		close(b.s.quit)
		<-b.s.done
	})
}

func (b *bench) restartCanary(share float64, d time.Duration) chan error {
	return b.ask(operation{kind: opRestart, canary: &config.Canary{Share: share, For: d}})
}

func (b *bench) verb(f func(s *service, reply chan error)) chan error {
	reply := make(chan error, 1)
	b.s.post(func() { f(b.s, reply) })
	synctest.Wait()
	return reply
}

func (b *bench) promote() chan error {
	return b.verb(func(s *service, c chan error) { s.promoteNow(false, c) })
}
func (b *bench) promoteRetire() chan error {
	return b.verb(func(s *service, c chan error) { s.promoteNow(true, c) })
}
func (b *bench) rollback() chan error { return b.verb((*service).rollBack) }

// answers checks an answer that has come by its text; "" is success.
func (b *bench) answers(reply chan error, want string) {
	b.t.Helper()
	synctest.Wait()
	select {
	case err := <-reply:
		if got := fmt.Sprint(err); got != want && !(err == nil && want == "") {
			b.t.Errorf("answer %q, want %q", got, want)
		}
	default:
		b.t.Errorf("no answer, want %q", want)
	}
}

// booted starts the service and forgets what that was told.
func (b *bench) booted(k *kernel) {
	b.t.Helper()
	b.wants(b.start(), nil)
	b.kinds()
	k.told()
}

func (b *bench) generation(n int) {
	b.t.Helper()
	if st := b.status(); st.Generation != n {
		b.t.Errorf("generation %d is the current one, want %d", st.Generation, n)
	}
}

// wantTold checks what the kernel was told since the last call.
func (b *bench) wantTold(k *kernel, want ...string) {
	b.t.Helper()
	if got := k.told(); !slices.Equal(got, want) {
		b.t.Errorf("the kernel was told %q, want %q", got, want)
	}
}
