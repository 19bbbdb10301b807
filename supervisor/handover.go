package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// takenOver tells of a listener that another program has open too, and when that one may be stopped: not before a service serves there.
func (m *Manager) takenOver(t registry.Taken, c *config.Config) {
	text := fmt.Sprintf("taken over from %s: do not stop that one before a service is ready here", t.From)
	if !slices.ContainsFunc(c.Services, func(s *config.Service) bool { return slices.Contains(s.Listeners, t.Listener) }) {
		text = fmt.Sprintf("taken over from %s, which must go on: no service has it", t.From)
	}
	if t.Blocking {
		text += "; it accepts in blocking mode, and may fail when a program that does not (nginx, gunicorn, Node, Go) is given the same socket"
	}
	at := m.journal.position()
	m.record(Event{Kind: KindListenerTaken, Listener: t.Listener, Message: text})
	advise := sync.OnceFunc(func() {
		m.record(Event{Kind: KindListenerServed, Listener: t.Listener, Message: servedText(t)})
	})
	m.advices.Store(t.Listener, advise)
	go m.awaitServed(t.Listener, at, advise)
}

// awaitServed waits until a service serves where two programs listen, to say what is left to do then.
func (m *Manager) awaitServed(listener string, at uint64, advise func()) {
	said := errors.New("said")
	_ = m.journal.follow(context.Background(), at, m.done, func(e Event) error {
		if e.Kind != KindWorkerReady && e.Kind != KindPromote || !m.serves(e.Service, listener) {
			return nil
		}
		advise()
		return said
	})
}

// adviseNow says it before a reload ends that has waited for the services, so that who asked for the reload hears it.
func (m *Manager) adviseNow(taken []registry.Taken, c *config.Config) {
	for _, t := range taken {
		for _, s := range c.Services {
			if advise, ok := m.advices.Load(t.Listener); ok && m.serves(s.Name, t.Listener) {
				advise.(func())()
			}
		}
	}
}

// serves is whether all workers of a service are ready, in a generation that has the listener and will not be rolled back.
func (m *Manager) serves(name, listener string) bool {
	var s *service
	if m.ask(context.Background(), func() { s = m.services[name] }) != nil || s == nil {
		return false
	}
	answer := make(chan bool, 1)
	s.look(func() {
		g := s.current
		answer <- g != nil && !g.stopping && g.allReady() && slices.Contains(g.cfg.Listeners, listener)
	})
	select {
	case yes := <-answer:
		return yes
	case <-s.done:
		return false
	}
}

// servedText says what is left to do: two programs accept at one socket now.
func servedText(t registry.Taken) string {
	text := fmt.Sprintf("served beside %s", t.From)
	if t.PID == 0 {
		return text + ": stop the other one by its graceful signal"
	}
	signal := "its graceful signal"
	if s := gracefulSignal(t.From); s != "" {
		signal = fmt.Sprintf("kill -%s %d", s, t.PID)
	}
	return text + ": stop the other one by " + signal
}

// gracefulSignal is what has a known program finish what it has and end. Source: the manual of each.
func gracefulSignal(who string) string {
	signals := map[string]string{
		"(nginx)": "QUIT", "(angie)": "QUIT", "(haproxy)": "USR1", "(apache2)": "WINCH", "(httpd)": "WINCH", "(lighttpd)": "INT",
		"(php-fpm)": "QUIT", "(gunicorn)": "TERM", "(unicorn)": "QUIT", "(h2o)": "TERM", "(caddy)": "TERM", "(traefik)": "TERM",
	}
	_, program, _ := strings.Cut(who, " (")
	return signals["("+program]
}
