package supervisor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/broker"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// prepare opens all that a configuration opens: its listeners, and the sockets of its serve blocks. Nothing old is touched.
func (m *Manager) prepare(c *config.Config, take map[string]config.TakeFrom) (*registry.Change, error) {
	if err := broker.Check(c.Serves); err != nil {
		return nil, err
	}
	for name := range take {
		if c.Listener(name) == nil {
			return nil, &NotFoundError{Kind: "listener", Name: name, Known: listenerNames(c)}
		}
	}
	return m.registry.PrepareTaking(slices.Concat(c.Listeners, broker.Listeners(c.Serves)), take)
}

// commit makes a prepared change real, and says what was taken over from whom.
func (m *Manager) commit(change *registry.Change, c *config.Config) error {
	if err := change.Commit(); err != nil {
		return err
	}
	m.broker.Apply(c.Serves)
	for _, t := range change.Taken() {
		m.record(Event{Kind: KindListenerTaken, Listener: t.Listener, Message: takenText(t)})
	}
	return nil
}

// takenText also says what is left to do: two programs accept at one socket now.
func takenText(t registry.Taken) string {
	text := fmt.Sprintf("taken over from %s: supervise serves it now beside that", t.From)
	if t.PID == 0 {
		return text + "; stop the other one by its graceful signal"
	}
	signal := "its graceful signal"
	if s := gracefulSignal(t.From); s != "" {
		signal = fmt.Sprintf("kill -%s %d", s, t.PID)
	}
	return text + "; stop the other one by " + signal
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

// Descriptors gives duplicates of the named listeners, which the caller owns.
func (m *Manager) Descriptors(ctx context.Context, names []string) ([]fdpass.Named, error) {
	var known []string
	if err := m.ask(ctx, func() { known = listenerNames(m.config) }); err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, &NotFoundError{Kind: "listener", Name: name, Known: known}
		}
	}
	return m.registry.Duplicates(names...)
}

func listenerNames(c *config.Config) []string {
	var names []string
	for _, l := range c.Listeners {
		names = append(names, l.Name)
	}
	return names
}

// storedBefore is what the broker goes on from.
func (m *Manager) storedBefore() *broker.Before {
	if m.o.Before == nil {
		return nil
	}
	b := &broker.Before{State: m.o.Before.Texts[broker.StateName], Take: m.o.Before.Take}
	for _, d := range m.o.Before.Descriptors {
		b.Held = append(b.Held, d.Name)
	}
	return b
}
