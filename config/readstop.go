package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
)

func (n *node) readStop(service *Service) {
	s := &service.Stop
	take(n, "signal", &s.Signal, asStopSignal)
	take(n, "drain", &s.Drain, asDuration(0, longest, 1))
	take(n, "timeout", &s.Timeout, asDuration(0, longest, 1))
	at, given := n.has("signal")
	if given || !service.misfit {
		n.usable("signal", s.Signal, service.presetPlace)
	}
	service.signalPlace = service.presetPlace
	if given {
		service.signalPlace = at
	}
	service.signalGiven = given
	service.drainPlace, service.drainGiven = n.has("drain")
}

func asStopSignal(v cty.Value) (string, *refusal) {
	name, r := asSignal(v)
	if r == nil && slices.Contains([]string{"SIGSTOP", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCHLD", "SIGURG"}, name) {
		return "", &refusal{cause: name + " ends no process", advice: `Use the signal on which the program drains, like "SIGTERM" or "SIGQUIT".`}
	}
	return name, r
}

// drainTime is stop.drain where nothing is written and it can be: as long as stop.timeout by default, in which a worker would finish by itself.
const drainTime = 30 * time.Second

// Steers is whether the kernel sends the new connections of some listener of a service to one of its generations.
func (c *Config) Steers(s *Service) bool {
	return slices.ContainsFunc(s.Listeners, func(name string) bool {
		l := c.Listener(name)
		return l != nil && l.Steered()
	})
}

// checkStops refuses to wait for the connections of workers that get new ones all the time, and warns of a stop that waits for none.
func (r *reader) checkStops() {
	for _, s := range r.config.Services {
		steers, cause := r.config.Steers(s), r.config.Unsteered(s)
		switch {
		case steers && !s.drainGiven:
			s.Stop.Drain = drainTime
			s.written["stop.drain"] = field{normal: normal(s.Stop.Drain)}
		case !steers && s.Stop.Drain > 0:
			effect := "old workers get new connections until their stop signal"
			if len(s.Listeners) == 0 {
				effect = "there are no connections to wait for"
			}
			r.fail(s.drainPlace, fmt.Sprintf("cannot use drain of stop of service %q: %s, so %s", s.Name, cause, effect),
				`It needs sharing = "generation" or "worker" in a listener of the service; remove the line for a program that finishes by itself.`)
		}
		if s.signalGiven && s.Stop.Signal == "SIGKILL" && (s.Stop.Drain == 0 || cause != "") {
			r.warn(s.signalPlace, fmt.Sprintf("signal of stop of service %q is SIGKILL: workers cannot finish the requests that they have", s.Name),
				"Use the signal on which the program drains; stop.timeout ends in SIGKILL anyway.")
		}
	}
}
