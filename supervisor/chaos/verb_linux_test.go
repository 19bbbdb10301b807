package chaos

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// verb is a command that takes the site to one of two states, in turns.
type verb struct {
	name string
	// prepare makes the file that is wanted for a turn; nil: it stays.
	prepare func(turn int) string
	args    func(turn int) []string
	// state sums up what the command changes. It may be that of the turn before or of this one, nothing between them.
	state func(supervisor.Status) string
}

var verbs = []verb{
	{"scale", nil,
		func(turn int) []string { return []string{"scale", "app", fmt.Sprint(2 + turn%2)} },
		func(s supervisor.Status) string { return fmt.Sprint(len(s.Services[0].Workers)) }},
	{"stop and start", nil,
		func(turn int) []string { return []string{[]string{"start", "stop"}[turn%2], "app"} },
		func(s supervisor.Status) string { return s.Services[0].State }},
	{"hold and release", nil,
		func(turn int) []string { return []string{[]string{"release", "hold"}[turn%2], "web"} },
		func(s supervisor.Status) string { return fmt.Sprint(s.Listeners[0].Held) }},
	{"reload other environment",
		func(turn int) string { return plain(2, fmt.Sprintf(`environment = { TURN = "%d" }`, turn%2)) },
		func(int) []string { return []string{"reload"} }, environments},
	{"reload more and fewer",
		func(turn int) string { return plain(2, "") + strings.Repeat(more, turn%2) },
		func(int) []string { return []string{"reload"} }, blocks},
}

// more is a service with a listener of its own.
const more = `
listener "other" { address = "tcp://127.0.0.1:0" }
service "other" {
  command   = ["sleep", "100000"]
  listeners = ["other"]
  ready { when = "started" }
}`

// environments gives the value of TURN in all workers.
func environments(status supervisor.Status) string {
	var found []string
	for _, pid := range pids(status, "app") {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		for _, entry := range strings.Split(string(text), "\x00") {
			if value, is := strings.CutPrefix(entry, "TURN="); is && !slices.Contains(found, value) {
				found = append(found, value)
			}
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

// blocks names what there is.
func blocks(status supervisor.Status) string {
	var names []string
	for _, l := range status.Listeners {
		names = append(names, "listener "+l.Name)
	}
	for _, s := range status.Services {
		names = append(names, "service "+s.Name+" "+s.State)
	}
	return strings.Join(names, ", ")
}

// calm is settled, or stopped.
func calm(status supervisor.Status) string {
	stopped := func(s supervisor.ServiceStatus) bool { return s.State == "stopped" && len(s.Workers) == 0 }
	running := slices.DeleteFunc(slices.Clone(status.Services), stopped)
	if len(running) == 0 && len(status.Services) > 0 {
		return ""
	}
	status.Services = running
	return settled(status)
}

// reaches is whether all is calm and in one of the states. What is removed may be there a little longer.
func (v verb) reaches(states ...string) func(supervisor.Status) string {
	return func(status supervisor.Status) string {
		if missing := calm(status); missing != "" {
			return missing
		}
		if got := v.state(status); !slices.Contains(states, got) {
			return fmt.Sprintf("it is %q, want one of %q", got, states)
		}
		return ""
	}
}

// TestProcChaosEveryVerb kills the manager at its requests to the keeper during everything else that can be asked of it. It is
// done, or was never begun; asked again it is done.
func TestProcChaosEveryVerb(t *testing.T) {
	for _, v := range verbs {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			file := plain(2, "")
			if v.prepare != nil {
				file = v.prepare(0)
			}
			s := newSite(t, file)
			s.installProxy(t)
			unharmed(t, s.load(t, few, 1, 10, func(int) { s.everyTurn(t, v) }))
		})
	}
}

func (s *site) everyTurn(t *testing.T, v verb) {
	states := [2]string{v.state(s.mustStatus(t)), ""}
	s.turn(t, v, 1)
	states[1] = v.state(s.await(t, "calm", calm))
	s.turn(t, v, 2)
	for turn, how := range []string{before, after} {
		n := turn * *stride / 2
		for whole := false; !whole && !t.Failed(); n += *stride {
			whole = true
			for part := 1; part <= 2; part++ {
				whole = s.turnKilled(t, v, part, n, how, states) && whole
			}
		}
		t.Logf("killed %s requests up to %d", how, n)
	}
}

// turn runs the command to its end.
func (s *site) turn(t *testing.T, v verb, turn int) {
	if v.prepare != nil {
		s.write(t, "app.hcl", v.prepare(turn))
	}
	if code, out := s.verb(t, v.args(turn)...); code != 0 {
		t.Errorf("%v: exit code %d: %s", v.args(turn), code, out)
	}
}

// turnKilled kills the manager at its n-th request while the command is carried out. It says whether there were not as many.
func (s *site) turnKilled(t *testing.T, v verb, turn, n int, how string, states [2]string) (whole bool) {
	var requests countdown
	s.gate.rule(requests.answer)
	if code, out := s.verb(t, "upgrade"); code != 0 {
		t.Errorf("cannot put a proxy into place: exit code %d: %s", code, out)
		return true
	}
	was := pids(s.mustStatus(t), "app")
	said := len(s.out.String())
	if v.prepare != nil {
		s.write(t, "app.hcl", v.prepare(turn))
	}
	requests.arm(n, how, "")
	code, out := s.verb(t, v.args(turn)...)
	passed, whole := requests.disarm()
	goals := states[:]
	if whole {
		goals = goals[turn%2 : turn%2+1]
	}
	what := fmt.Sprintf("all is calm, killed at the last of %v (exit code %d: %s)\n%s", passed, code, out, s.out.String()[said:])
	now := s.await(t, what, v.reaches(goals...))
	for place, pid := range pids(now, "app") {
		if before, there := was[place]; there && before != pid {
			t.Errorf("killed at the last of %v: worker %s was %d and is %d", passed, place, before, pid)
		}
	}
	s.turn(t, v, turn)
	now = s.await(t, "asked again, "+what, v.reaches(states[turn%2]))
	s.noStrays(t, now)
	return whole
}
