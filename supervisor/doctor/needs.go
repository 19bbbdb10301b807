package doctor

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/seed-da40d5ac/supervise/config"
)

// Needs are what a configuration asks of the machine: each a list of who asks, `listener "web" (app.hcl:3)`.
type Needs struct {
	Ports        []Amount[int] // TCP and UDP
	Backlogs     []Amount[int]
	NoFiles      []Amount[uint64]
	Users        []string // another user or group
	NetworkAdmin []string // socket options
	Resources    []string // more than supervise's own limits
	FastOpen     []string
	Steer        []string
	Adopt        []string
	AdoptUsers   []string            // adopted, as another user
	Controllers  map[string][]string // cpu, memory, pids
}

// Amount is how much of something somebody asks for.
type Amount[N any] struct {
	N  N
	By string
}

// NeedsOf reads a configuration.
func NeedsOf(cfg *config.Config) Needs {
	n := Needs{Controllers: map[string][]string{}}
	for _, l := range cfg.Listeners {
		n.listener(l)
	}
	for _, s := range cfg.Services {
		n.service(s)
	}
	return n
}

// maxPriority is what anybody may set, SO_PRIORITY of socket(7).
const maxPriority = 6

func (n *Needs) listener(l *config.Listener) {
	by := fmt.Sprintf("listener %q (%s)", l.Name, l.Where)
	if l.Address.Port > 0 {
		n.Ports = append(n.Ports, Amount[int]{int(l.Address.Port), by})
	}
	if l.Backlog > 0 {
		n.Backlogs = append(n.Backlogs, Amount[int]{l.Backlog, by})
	}
	o := l.Options
	if o.FastOpen > 0 {
		n.FastOpen = append(n.FastOpen, by)
	}
	if o.Transparent != nil && *o.Transparent || o.Mark != nil || o.Priority != nil && *o.Priority > maxPriority {
		n.NetworkAdmin = append(n.NetworkAdmin, by)
	}
	if l.Sharing == "generation" || l.Sharing == "worker" {
		n.Steer = append(n.Steer, by)
	}
}

func (n *Needs) service(s *config.Service) {
	by := fmt.Sprintf("service %q (%s)", s.Name, s.Where)
	others := s.User != "" || s.Group != "" || len(s.Groups) > 0
	if others {
		n.Users = append(n.Users, by)
	}
	if s.Adopts() {
		n.Adopt = append(n.Adopt, by)
		if others {
			n.AdoptUsers = append(n.AdoptUsers, by)
		}
	}
	if s.OOMScoreAdjust != nil && *s.OOMScoreAdjust < 0 {
		n.Resources = append(n.Resources, by)
	}
	for name, asked := range map[string]bool{"memory": s.Max.Memory > 0, "cpu": s.Max.CPU > 0, "pids": s.Max.PIDs > 0} {
		if asked {
			n.Controllers[name] = append(n.Controllers[name], by)
		}
	}
	for _, limit := range s.Limits {
		if limit.Resource == "nofile" {
			n.NoFiles = append(n.NoFiles, Amount[uint64]{limit.Hard, by})
		}
	}
}

// portsBelow gives who asks for a port below start.
func (n Needs) portsBelow(start int) []string {
	var by []string
	for _, p := range n.Ports {
		if p.N < start {
			by = append(by, p.By)
		}
	}
	return by
}

// portsWithin gives who asks for a port from low to high that is not set apart, and the ports.
func (n Needs) portsWithin(low, high int, apart func(int) bool) (by, ports []string) {
	for _, p := range n.Ports {
		if p.N >= low && p.N <= high && !apart(p.N) {
			by, ports = append(by, p.By), append(ports, strconv.Itoa(p.N))
		}
	}
	return by, ports
}

// groups gives who asks for any controller.
func (n Needs) groups() []string {
	var by []string
	for _, name := range []string{"memory", "cpu", "pids"} {
		for _, who := range n.Controllers[name] {
			if !slices.Contains(by, who) {
				by = append(by, who)
			}
		}
	}
	return by
}
