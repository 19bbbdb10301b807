package chaos

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProcChaosEveryRequest kills the manager at its requests to the keeper during rollouts: at each moment in which what the keeper
// knows is another.
func TestProcChaosEveryRequest(t *testing.T) {
	for _, strategy := range []string{"overlap", "replace", "rolling"} {
		for _, c := range candidates {
			if !*all && (strategy != "overlap" || !c.committed) && (strategy == "overlap" || c.name != "is not wanted") {
				continue
			}
			t.Run(strategy+" "+c.name, func(t *testing.T) {
				t.Parallel()
				everyRequest(t, strategy, c)
			})
		}
	}
}

func everyRequest(t *testing.T, strategy string, c candidate) {
	s := newSite(t, hooked(strategy, c.bake))
	s.installProxy(t)
	d := &deployment{site: s, t: t, fails: c.fails}
	var requests countdown
	s.gate.rule(func(ctx context.Context, p point) string {
		if strings.HasPrefix(p.what, "request/") {
			return requests.answer(ctx, p)
		}
		return d.answer(ctx, p)
	})
	unharmed(t, s.load(t, few, 1, 10, func(int) {
		want := d.roll("", false)
		for i, how := range []string{before, after} {
			n := i * *stride / 2
			for ; sweepOnce(t, d, &requests, n, how, want); n += *stride {
			}
			t.Logf("killed %s requests up to %d", how, n)
		}
	}))
}

// sweepOnce rolls out a generation and kills the manager at its n-th request. It says whether there were as many.
func sweepOnce(t *testing.T, d *deployment, requests *countdown, n int, how string, want outcome) (more bool) {
	if code, out := d.site.verb(t, "upgrade"); code != 0 {
		t.Errorf("cannot put a proxy into place: exit code %d: %s", code, out)
		return false
	}
	said := len(d.site.out.String())
	requests.arm(n, how, "")
	got := d.roll("", false)
	passed, whole := requests.disarm()
	if !whole && !got.Committed && got.Kept && len(got.Hooks) == 0 {
		if len(passed) > 3 {
			t.Errorf("nothing has happened after %v", passed)
		}
		d.undo()
		return true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("killed at the last of %v:\n%s\n%s", passed, diff, d.site.out.String()[said:])
	}
	return !whole && !t.Failed()
}

// undo takes back the number of a generation that there never was.
func (d *deployment) undo() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to--
}
