package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// candidate is how the generations of a test fail that are rolled out, and how that ends.
type candidate struct {
	name      string
	fails     string // where it is told to fail: "starting to 1" as in place; "" for a good one
	bake      string
	committed bool
}

var candidates = []candidate{
	{"good", "", "20ms", true},
	{"cannot prepare", "before_start to 0", "20ms", false},
	{"cannot start", "starting to 1", "20ms", false},
	{"dies while baking", "serving to 0", "1h", false}, // rolling bakes it before there is a worker 1
	{"is not wanted", "after_ready to 0", "20ms", false},
}

// deployment rolls out one generation after the other, and kills the manager at a place of each.
type deployment struct {
	site  *site
	t     testing.TB
	fails string

	mu       sync.Mutex
	from, to int    // generations of this rollout
	place    string // where the manager is to be killed; "" nowhere
	early    bool   // the process that waits there goes on while there is no manager
	killed   bool
	places   []string // all that were passed, in order
	killing  sync.WaitGroup

	noted map[string]int // hooks before this rollout
}

// relative names a generation by its part in the rollout.
func (d *deployment) relative(generation int) string {
	switch generation {
	case d.from:
		return "from"
	case d.to:
		return "to"
	}
	return fmt.Sprint(generation)
}

// pass notes that a place is reached, and says whether the manager is to be killed now.
func (d *deployment) pass(what string, generation, index int) (place string, kill bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	place = fmt.Sprintf("%s %s %d", what, d.relative(generation), index)
	if what == "serving" && generation != d.to {
		return place, false // comes behind READY=1, perhaps later than all that follows from that
	}
	d.places = append(d.places, place)
	kill = !d.killed && place == d.place
	if kill {
		d.killed = true
		d.killing.Add(1)
	}
	return place, kill
}

// answer is the rule of the gate.
func (d *deployment) answer(ctx context.Context, p point) string {
	place, kill := d.pass(p.what, p.generation, p.index)
	switch {
	case kill && d.early:
		go d.kill()
	case kill:
		d.kill()
	}
	if place == d.fails {
		return exit
	}
	return goOn
}

// report sees the events of the operation.
func (d *deployment) report(e supervisor.Event) {
	index := 0
	if e.Worker != nil {
		index = *e.Worker
	}
	if _, kill := d.pass("event "+e.Kind, e.Generation, index); kill {
		d.kill()
	}
}

// kill is called once for each place that pass says so of.
func (d *deployment) kill() {
	defer d.killing.Done()
	d.site.killManager(d.t)
}

// outcome is what must be the same with and without a kill.
type outcome struct {
	Committed bool
	Kept      bool           // the workers of the generation before are the same processes
	Hooks     map[string]int // how often each has begun and ended
	Restarts  int
	Places    map[string]int // of a good candidate: what its processes went through
}

// roll rolls out one generation and waits until nothing is going on any more.
func (d *deployment) roll(place string, early bool) outcome {
	d.t.Helper()
	ctx, cancel := bounded(d.t)
	defer cancel()
	before := d.site.mustStatus(d.t)
	d.noted = d.site.hooks(d.t)
	d.begin(before.Services[0].Generation, place, early)
	_ = d.site.client.Restart(ctx, "app", d.report) // breaks off when its manager is killed
	d.site.await(d.t, "the rollout at "+place+" is over", settled)
	d.killing.Wait() // of a kill that came at its very end
	after := d.site.await(d.t, "the rollout at "+place+" is over", d.over)
	svc := after.Services[0]
	if svc.Generation != d.from && svc.Generation != d.to {
		d.t.Fatalf("generation %d goes to %d, and becomes %d", d.from, d.to, svc.Generation)
	}
	d.site.noStrays(d.t, after)
	return outcome{
		Committed: svc.Generation == d.to,
		Kept:      maps.Equal(pids(before, "app"), pids(after, "app")),
		Hooks:     d.hooks(),
		Restarts:  svc.Restarts,
		Places:    d.processes(),
	}
}

// over is whether nothing is going on, and all workers of a good candidate have passed the place that comes behind READY=1.
func (d *deployment) over(status supervisor.Status) string {
	missing := settled(status)
	if missing != "" || d.fails != "" || status.Services[0].Generation != d.to {
		return missing
	}
	passed := d.processes()
	for _, w := range status.Services[0].Workers {
		if place := fmt.Sprintf("serving to %d", w.Index); passed[place] == 0 {
			return "nobody has passed " + place
		}
	}
	return ""
}

func (d *deployment) begin(from int, place string, early bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.from, d.to = from, max(d.to, from)+1
	d.place, d.early, d.killed, d.places = place, early, false, nil
}

// hooks gives the notes of hooks in this rollout.
func (d *deployment) hooks() map[string]int {
	d.t.Helper()
	counts := map[string]int{}
	for line, n := range d.site.hooks(d.t) {
		var name, service, end string
		var generation int
		if _, err := fmt.Sscan(line, &name, &service, &generation, &end); err != nil {
			d.t.Fatalf("note %q: %v", line, err)
		}
		if n -= d.noted[line]; n > 0 {
			counts[fmt.Sprintf("%s %s %s", name, d.relative(generation), end)] = n
		}
	}
	return counts
}

// processes counts the places that workers and hooks have passed.
func (d *deployment) processes() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := map[string]int{}
	for _, place := range d.places {
		if !strings.HasPrefix(place, "event") && d.fails == "" {
			counts[place]++
		}
	}
	return counts
}

// visited gives the places of the last rollout, each once.
func (d *deployment) visited() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, place := range d.places {
		if !slices.Contains(list, place) {
			list = append(list, place)
		}
	}
	return list
}

func (d *deployment) tripped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.killed
}

// noStrays fails when anything runs but the manager and the workers of a status.
func (s *site) noStrays(t testing.TB, status supervisor.Status) {
	t.Helper()
	found := descendants(s.keeper())
	delete(found, found[status.ManagerPID].parent) // a proxy
	delete(found, status.ManagerPID)
	for _, svc := range status.Services {
		for _, pid := range pids(status, svc.Name) {
			if _, runs := found[pid]; !runs {
				t.Errorf("worker %d does not run", pid)
			}
			delete(found, pid)
		}
	}
	if len(found) > 0 {
		t.Errorf("processes are left over: %+v", found)
	}
}

// hooked is the configuration of a deployment.
func hooked(strategy, bake string) string {
	var hooks []string
	for _, name := range []string{"before_start", "after_ready", "before_stop", "after_stop"} {
		hooks = append(hooks, fmt.Sprintf("%s = [%q, \"hook\", %q]", name, self(), name))
	}
	return plain(2, fmt.Sprintf(`
  stop { timeout = "10m" }
  rollout {
    strategy = %q
    bake     = %q
  }
  hooks {
    %s
  }`, strategy, bake, strings.Join(hooks, "\n    ")))
}

// TestProcChaosEveryStep kills the manager at every step of rollouts. Whatever the step, they end as they do without a kill: all
// of it happens, once.
func TestProcChaosEveryStep(t *testing.T) {
	for _, strategy := range []string{"overlap", "replace", "rolling"} {
		for _, c := range candidates {
			if !*all && thinned(strategy, c) {
				continue
			}
			t.Run(strategy+" "+c.name, func(t *testing.T) {
				t.Parallel()
				everyStep(t, strategy, c)
			})
		}
	}
}

// thinned is what is left out without -chaos.all: how a generation fails matters where another one serves meanwhile.
func thinned(strategy string, c candidate) bool {
	if thinner > 1 {
		return !c.committed && c.name != "dies while baking"
	}
	return strategy != "overlap" && !c.committed && c.name != "is not wanted"
}

func everyStep(t *testing.T, strategy string, c candidate) {
	s := newSite(t, hooked(strategy, c.bake))
	d := &deployment{site: s, t: t, fails: c.fails}
	s.gate.rule(d.answer)
	kills := 0
	unharmed(t, s.load(t, few, 1, 10, func(int) {
		want := d.roll("", false)
		places := d.visited()
		if want.Committed != c.committed {
			t.Errorf("committed: %v", want.Committed)
			return
		}
		for i, place := range places {
			for _, early := range variants(place, i) {
				said := len(s.out.String())
				got := d.roll(place, early)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("killed at %q (early: %v, happened: %v), generation %d to %d:\n%s\n%s",
						place, early, d.tripped(), d.from, d.to, diff, s.out.String()[said:])
				}
				if d.tripped() {
					kills++
				} else if c.committed {
					t.Errorf("%q was not passed", place)
				}
			}
		}
	}))
	t.Logf("%d kills", kills)
}

// variants says in which ways the manager is killed at a place: where a process waits, it goes on after or before the next one is there.
func variants(place string, n int) []bool {
	switch {
	case strings.HasPrefix(place, "event"):
		return []bool{false}
	case *all:
		return []bool{false, true}
	}
	return []bool{n%2 == 0}
}
