package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
)

// answering calls f if the Manager gives its status within a second.
func (i *instance) answering(f func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := i.Status(ctx, nil); err == nil {
		f()
	}
}

// introduce shows on a terminal what is being run: a line for each listener and service, and another one when all are ready.
func (i *instance) introduce() {
	if !isTerminal(i.app.err) {
		return
	}
	began := time.Now()
	s, err := i.Status(context.Background(), nil)
	if err != nil {
		return
	}
	fmt.Fprint(i.app.err, view.Introduction(s, i.app.paint(i.app.err)))
	<-i.Started()
	fmt.Fprintf(i.app.err, "all services are ready after %.1fs\n", time.Since(began).Seconds())
}
