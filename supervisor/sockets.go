package supervisor

import (
	"context"
	"slices"

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
		m.takenOver(t, c)
	}
	return nil
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
