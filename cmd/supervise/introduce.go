package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/config"
)

// answering calls f if the Manager gives its status within a second.
func (i *instance) answering(f func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := i.Brief(ctx, nil); err == nil {
		f()
	}
}

// introduce shows on a terminal what is being run: a line for each listener and service, and another one when all are ready.
func (i *instance) introduce(cfg *config.Config) {
	if !isTerminal(i.app.err) || i.session != nil && !i.session.first { // it has been shown
		return
	}
	began := time.Now()
	s, err := i.Status(context.Background(), nil)
	if err != nil {
		return
	}
	for n, l := range s.Listeners {
		s.Listeners[n].Services = usersOf(cfg, l.Name)
	}
	fmt.Fprint(i.app.err, view.Introduction(s, i.app.paint(i.app.err)))
	<-i.Started()
	fmt.Fprintf(i.app.err, "all services are ready after %.1fs\n", time.Since(began).Seconds())
}

// usersOf are the services that a listener is configured for; right after the start none of them has it yet.
func usersOf(cfg *config.Config, listener string) []string {
	var names []string
	for _, s := range cfg.Services {
		if slices.Contains(s.Listeners, listener) {
			names = append(names, s.Name)
		}
	}
	return names
}
