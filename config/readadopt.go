package config

import (
	"fmt"
	"slices"
)

// Adopts is whether the program knows nothing of its listeners: its bind and listen are answered with supervise's sockets.
func (s *Service) Adopts() bool { return slices.Contains(s.Handoff, "adopt") }

// checkAdopt refuses what cannot be had together with "adopt".
func (n *node) checkAdopt(s *Service) {
	if !s.Adopts() {
		return
	}
	others := slices.DeleteFunc(slices.Clone(s.Handoff), func(name string) bool { return name == "adopt" || name == "none" })
	if len(others) > 0 {
		n.failAt("handoff", fmt.Sprintf(`"adopt" is for a program that gets no descriptors, and has nothing to do beside %s`, quotedAnd(others)),
			`Write ["adopt"] for a program that knows nothing of supervise, or remove "adopt".`)
	}
	if len(s.Listeners) == 0 {
		n.failAt("handoff", `"adopt" answers the bind of a program with a listener, and the service has none`,
			`Add for example listeners = ["web"], with the address that the program binds to.`)
	}
}

// fitAdopt is what can be answered in place of the program's own socket.
var fitAdopt = fit{networks: []string{"tcp", "tcp4", "tcp6", "unix"}}

// checkAdopted refuses listeners that no bind can be answered with, and shares the others as it is best for programs that drain nothing.
func (r *reader) checkAdopted() {
	for _, s := range r.config.Services {
		if !s.Adopts() {
			continue
		}
		for _, e := range s.listeners {
			l := r.config.Listener(e.name)
			if l != nil && l.Address.Network != "" && !fitAdopt.has(l.Address) {
				r.fail(e.at, fmt.Sprintf(`cannot use listeners of service %q: "adopt" answers no bind to %s, and %q is one`, s.Name, fitAdopt.kind(l.Address), l.Name),
					"It is for "+fitAdopt.String()+".")
			}
			if l != nil && r.ownForGenerations(l) {
				l.Sharing = "generation"
				l.written["sharing"] = field{normal: normal(l.Sharing)}
			}
		}
	}
}

// ownForGenerations is whether a listener without sharing, of a service that adopts, has a socket for every generation: it can, and nobody else uses it.
func (r *reader) ownForGenerations(l *Listener) bool {
	if l.written["sharing"].text != "" || !fitTCP.has(l.Address) || l.Options.Multipath || l.TakeFrom != nil {
		return false
	}
	users := 0
	for _, s := range r.config.Services {
		if slices.Contains(s.Listeners, l.Name) {
			users++
			if s.Rollout.Strategy == "rolling" {
				return false
			}
		}
	}
	return users == 1 && !slices.ContainsFunc(r.config.Serves, func(s *Serve) bool { return slices.Contains(s.Listeners, l.Name) })
}
