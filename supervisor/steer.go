package supervisor

import "github.com/seed-da40d5ac/supervise/supervisor/registry"

// user is what the registry knows a generation by.
func (s *service) user(g *generation) registry.User {
	return registry.User{Service: s.name, Generation: g.number}
}

// turnTo has new connections go to g, once it is saved that they shall.
func (s *service) turnTo(g *generation) {
	s.later(func() { s.turned(g, s.sockets.Promote(s.user(g))) })
}

// turnFrom has new connections wait, once that is saved, until there is a generation for them.
func (s *service) turnFrom(g *generation) {
	s.later(func() { s.turned(g, s.sockets.Rest(s.user(g))) })
}

// turned reports that the kernel did not do as it was told: connections go where they went before.
func (s *service) turned(g *generation, err error) {
	if err != nil {
		s.emit(Event{Kind: KindNotSteered, Generation: g.number, Error: err.Error(), Message: "new connections are not sent elsewhere"})
	}
}
