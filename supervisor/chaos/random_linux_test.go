package chaos

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// chaos is a site in which one thing after the other is broken.
type chaos struct {
	*site
	t       testing.TB
	draw    *rand.Rand
	workers int           // wanted
	version int           // of the configuration
	usual   map[int]usage // by number of workers

	// of the present round
	victims map[int]bool // workers that were killed
	rolled  bool         // a rollout was asked for: all workers may be others
}

// fault is something that happens to supervise. It returns when it is over.
type fault struct {
	name string
	do   func(*chaos)
}

// faults are drawn from. What is asked of supervise meanwhile may fail; what it then does may not.
var faults = []fault{
	{"kill the manager", func(c *chaos) { c.killManager(c.t) }},
	{"kill the manager twice", func(c *chaos) { c.killManager(c.t); c.killManager(c.t) }},
	{"roll out", (*chaos).rollOut},
	{"kill the manager in a rollout", (*chaos).killInRollout},
	{"stop the manager for a while", (*chaos).freeze},
	{"kill a worker", (*chaos).killWorker},
	{"kill a worker and the manager", (*chaos).killBoth},
	{"upgrade", (*chaos).upgrade},
	{"upgrade to nothing", (*chaos).upgradeToNothing},
	{"kill the manager in an upgrade", (*chaos).killInUpgrade},
	{"reload a broken file", (*chaos).reloadBroken},
	{"reload a changed file", (*chaos).reloadChanged},
	{"scale", (*chaos).scale},
	{"hold and release", (*chaos).hold},
	{"no room for the state", (*chaos).noRoom},
	{"no descriptors", (*chaos).noDescriptors},
}

// TestProcChaosRandom breaks what -chaos.seed draws, -chaos.rounds times, and looks after each whether everything is as it should be.
func TestProcChaosRandom(t *testing.T) {
	t.Logf("-chaos.seed=%d -chaos.rounds=%d", *seed, *rounds)
	c := &chaos{t: t, draw: rand.New(rand.NewPCG(*seed, 0)), workers: 2, usual: map[int]usage{}}
	c.site = newSite(t, c.config())
	c.rollOut() // what is made once, on first use, exists after this
	c.await(t, "the first rollout is over", settled)
	c.killManager(t)
	for n, f := range c.schedule() {
		t.Logf("round %d: %s", n+1, f.name)
		c.round(f)
		if t.Failed() {
			return
		}
	}
}

// schedule is every fault once, as long as there are rounds, in a random order; then random ones.
func (c *chaos) schedule() []fault {
	list := slices.Clone(faults)
	c.draw.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for len(list) < *rounds {
		list = append(list, faults[c.draw.IntN(len(faults))])
	}
	return list[:*rounds]
}

func (c *chaos) config() string {
	return plain(c.workers, fmt.Sprintf(`environment = { VERSION = "%d" }
  restart { backoff = "10ms" }
  rollout { bake = "20ms" }`, c.version))
}

// round is one fault under load, and all that must hold after it.
func (c *chaos) round(f fault) {
	c.t.Helper()
	c.victims, c.rolled = map[int]bool{}, false
	begin := c.mustStatus(c.t)
	r := c.load(c.t, many, 1, 100, func(int) {
		f.do(c)
		c.await(c.t, "everything is well after: "+f.name, c.restored)
	})
	now := c.await(c.t, "everything is well after: "+f.name, c.restored)
	c.lost(r)
	c.unchanged(begin, now)
	c.noStrays(c.t, now)
	fresh, _ := c.killManager(c.t)
	if diff := cmp.Diff(timeless(now), timeless(fresh)); diff != "" {
		c.t.Errorf("a manager that starts anew knows something else:\n%s", diff)
	}
	c.noLeaks(c.await(c.t, "the last manager has taken over", c.restored))
}

// restored is whether the service runs with as many workers as wanted, of which none was killed.
func (c *chaos) restored(status supervisor.Status) string {
	if missing := settled(status); missing != "" {
		return missing
	}
	if n := len(status.Services[0].Workers); n != c.workers {
		return fmt.Sprintf("%d workers, want %d", n, c.workers)
	}
	for place, pid := range pids(status, "app") {
		if c.victims[pid] {
			return fmt.Sprintf("worker %s, pid %d, is missed by nobody", place, pid)
		}
	}
	return ""
}

// lost: nobody is ever refused or left waiting; a worker that is killed takes with it what it had accepted.
func (c *chaos) lost(r drill.Result) {
	c.t.Helper()
	broken := r.Reset + r.EOF
	if r.Lost() != broken || broken > many*len(c.victims) {
		c.t.Errorf("%d of %d connections were lost, with %d workers killed: %+v\n%q", r.Lost(), r.Attempts, len(c.victims), r, r.Failed)
	}
}

// unchanged: workers are the same unless they were killed or rolled over, and only those that were killed count as restarted.
func (c *chaos) unchanged(begin, now supervisor.Status) {
	c.t.Helper()
	was, is := begin.Services[0], now.Services[0]
	if n := is.Restarts - was.Restarts; n != len(c.victims) {
		c.t.Errorf("%d restarts with %d workers killed", n, len(c.victims))
	}
	if c.rolled {
		return
	}
	if was.Generation != is.Generation {
		c.t.Errorf("generation %d became %d", was.Generation, is.Generation)
	}
	after := pids(now, "app")
	for place, pid := range pids(begin, "app") {
		if there, kept := after[place]; kept && there != pid && !c.victims[pid] {
			c.t.Errorf("worker %s was %d and is %d, but was not killed", place, pid, there)
		}
	}
}

// usage is how many descriptors of each kind keeper and manager have open.
type usage map[string]int

func (c *chaos) usage(status supervisor.Status) usage {
	u := usage{}
	for who, pid := range map[string]int{"keeper": c.keeper(), "manager": status.ManagerPID} {
		for kind, n := range descriptors(pid) {
			u[who+": "+kind] = n
		}
	}
	return u
}

// steady is how often in a row a process must have the same descriptors open to be at rest.
const steady = 50

// noLeaks compares managers that have just taken over the same number of workers: they have the same open.
func (c *chaos) noLeaks(status supervisor.Status) {
	c.t.Helper()
	workers := len(status.Services[0].Workers)
	usual := c.usual[workers]
	var now usage
	for same := 0; same < steady; same++ {
		before := now
		if now = c.usage(status); !maps.Equal(now, before) {
			same = 0
		}
		c.mustStatus(c.t)
	}
	if usual == nil {
		c.usual[workers] = now
		return
	}
	if maps.Equal(usual, now) {
		return
	}
	c.t.Errorf("other descriptors are open than usual:\n%s\nsockets of the manager:\n%s\nsockets of the keeper:\n%s",
		cmp.Diff(usual, now), sockets(status.ManagerPID), sockets(c.keeper()))
}

// someWorker draws a worker.
func (c *chaos) someWorker() int {
	all := slices.Sorted(maps.Values(pids(c.mustStatus(c.t), "app")))
	return all[c.draw.IntN(len(all))]
}

func (c *chaos) rollOut() {
	c.rolled = true
	ctx, cancel := bounded(c.t)
	defer cancel()
	if err := c.client.Restart(ctx, "app", nil); err != nil {
		c.t.Errorf("cannot roll out: %v", err)
	}
}

// killInRollout kills at a random event.
func (c *chaos) killInRollout() {
	c.rolled = true
	ctx, cancel := bounded(c.t)
	defer cancel()
	left := c.draw.IntN(10)
	_ = c.client.Restart(ctx, "app", func(supervisor.Event) {
		if left--; left == -1 {
			c.killManager(c.t)
		}
	})
}

// expect fails unless a command ended with this exit code and said why.
func (c *chaos) expect(want int, why string, args ...string) {
	c.t.Helper()
	if code, out := c.verb(c.t, args...); code != want || !strings.Contains(out, why) {
		c.t.Errorf("%v: exit code %d, want %d: %s", args, code, want, out)
	}
}

func (c *chaos) killWorker() { c.killProcess(c.someWorker()) }

func (c *chaos) killProcess(pid int) {
	victim := openProcess(c.t, pid)
	c.victims[pid] = true
	if err := victim.signal(syscall.SIGKILL); err != nil {
		c.t.Error(err)
	}
	victim.gone(c.t)
}

// killBoth: the manager that comes finds a worker dead that it has never seen alive.
func (c *chaos) killBoth() {
	worker, manager := c.someWorker(), openProcess(c.t, c.manager())
	if err := manager.signal(syscall.SIGSTOP); err != nil {
		c.t.Error(err)
	}
	c.killProcess(worker)
	c.killManager(c.t)
}
