package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkReferences finds names of listeners and services that do not exist.
func (r *reader) checkReferences() {
	var listeners, services []string
	for _, l := range r.config.Listeners {
		listeners = append(listeners, l.Name)
	}
	for _, s := range r.config.Services {
		services = append(services, s.Name)
	}
	for _, s := range r.config.Services {
		owner := fmt.Sprintf("service %q", s.Name)
		r.failMissing(owner, "listeners", "listener", s.listeners, listeners)
		r.failMissing(owner, "depends_on", "service", s.dependsOn, services)
	}
	for _, s := range r.config.Serves {
		r.failMissing(fmt.Sprintf("serve %q", s.Name), "listeners", "listener", s.listeners, listeners)
		r.checkServed(s)
	}
}

func (r *reader) failMissing(owner, attribute, kind string, names []named, known []string) {
	for _, e := range names {
		if !slices.Contains(known, e.name) {
			r.fail(e.at, fmt.Sprintf("cannot use %s of %s: there is no %s %q", attribute, owner, kind, shorten(e.name)), didYouMean(e.name, known, kind+"s"))
		}
	}
}

// checkCycles finds services that wait for each other. Each cycle is reported once, at its first service in the file.
func (r *reader) checkCycles() {
	c := cycles{reader: r, state: map[*Service]visit{}, services: map[string]*Service{}}
	for _, s := range r.config.Services {
		c.services[s.Name] = s
	}
	for _, s := range r.config.Services {
		c.walk(s)
	}
}

type visit int

const (
	unseen visit = iota
	onPath
	done
)

type cycles struct {
	*reader
	services map[string]*Service
	state    map[*Service]visit
	path     []*Service
}

// walk goes depth first along depends_on; what is met again on the way closes a cycle. It keeps its own stack: a chain
// can be as long as the file.
func (c *cycles) walk(start *Service) {
	if c.state[start] != unseen {
		return
	}
	next := map[*Service]int{}
	c.push(start)
	for len(c.path) > 0 {
		s := c.path[len(c.path)-1]
		if next[s] == len(s.dependsOn) {
			c.state[s] = done
			c.path = c.path[:len(c.path)-1]
			continue
		}
		edge := s.dependsOn[next[s]]
		next[s]++
		switch to := c.services[edge.name]; {
		case to == nil:
		case c.state[to] == unseen:
			c.push(to)
		case c.state[to] == onPath:
			c.fail(edge.at, "cannot start in the order of depends_on: "+c.cycle(to), "Remove one of these dependencies.")
		}
	}
}

func (c *cycles) push(s *Service) {
	c.state[s] = onPath
	c.path = append(c.path, s)
}

// cycle prints the path from a service back to itself: "a" → "b" → "a".
func (c *cycles) cycle(to *Service) string {
	names := []string{}
	for _, s := range c.path[slices.Index(c.path, to):] {
		names = append(names, fmt.Sprintf("%q", s.Name))
	}
	return strings.Join(append(names, fmt.Sprintf("%q", to.Name)), " → ")
}

// tryLate evaluates the late expressions with likely values, so that mistakes show before anything starts: for the first
// worker, and for the last one when the number of the worker matters.
func (r *reader) tryLate(s *Service) {
	scope := r.standIn
	scope.Service = s.Name
	first := s.late.resolve(&r.report, scope)
	if s.late.needs.worker && s.Workers > 1 {
		scope.Worker = s.Workers - 1
		s.late.resolve(&r.report, scope)
	}
	r.warnURLs(s, first)
	scope.Worker = 0
	r.warnTraps(s, scope, first)
}

// likelyPort is the first port in place of 0, which the kernel chooses: from its range, ip(7).
const likelyPort = 32768

// prepareStandIn makes the scope for tryLate. Which listeners a service has is known to its expressions, not here.
func (r *reader) prepareStandIn() {
	values := make(map[string]ListenerValue, len(r.config.Listeners))
	for i, l := range r.config.Listeners {
		a := l.Address
		if a.Port == 0 && !a.isPath() {
			a.Port = uint32(likelyPort + i)
		}
		values[l.Name] = ListenerValue{FD: 3 + i, Address: a.String(), Host: a.hostOrWildcard(), Port: int(a.Port), Path: a.Path}
	}
	r.standIn = Scope{
		Listeners: values, Generation: 1, RuntimeDir: "/run/supervise/worker", Environ: r.host.Environ, CPUs: r.host.CPUs,
	}
}
