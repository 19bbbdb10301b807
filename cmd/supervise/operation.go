package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// withClient does what a verb does to the running supervise; ctx ends with Ctrl-C.
func (a *app) withClient(do func(ctx context.Context, c *control.Client) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	return do(ctx, c)
}

// each does one thing to several services, in their order, and stops at the first that fails: a deploy goes no further then.
func (a *app) each(services []string, do func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error) error {
	services = unique(services)
	return a.withClient(func(ctx context.Context, c *control.Client) error {
		if len(services) > 1 {
			// A slip in the last name must not be found out after the first service has been changed.
			if _, err := control.NewPatient(c, nil).Brief(ctx, services); err != nil {
				return a.interrupted(err)
			}
		}
		for _, name := range services {
			err := a.show(c, name, func(p *control.Patient, report func(supervisor.Event)) error { return do(ctx, p, name, report) })
			if err != nil {
				return a.interrupted(err)
			}
		}
		return nil
	})
}

// unique leaves out what has been there before.
func unique(names []string) []string {
	var list []string
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// replacedText is said when the answer to a verb breaks off.
const replacedText = "supervise's manager was replaced; looking at what became of it"

// show runs do and shows what it reports.
func (a *app) show(c *control.Client, title string, do func(p *control.Patient, report func(supervisor.Event)) error) error {
	var mu sync.Mutex // the clock and the reports draw on one terminal
	steps := view.NewSteps(a.out, a.paint(a.out), isTerminal(a.out), title, time.Now())
	clock := time.NewTicker(view.TickEvery)
	defer clock.Stop()
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for {
			select {
			case now := <-clock.C:
				mu.Lock()
				steps.Tick(now)
				mu.Unlock()
			case <-stop:
				return
			}
		}
	})
	p := control.NewPatient(c, func() {
		mu.Lock()
		defer mu.Unlock()
		steps.Note(replacedText, time.Now())
	})
	err := do(p, func(e supervisor.Event) {
		mu.Lock()
		defer mu.Unlock()
		steps.Event(e)
	})
	close(stop)
	ticking.Wait()
	steps.Done(err, time.Now())
	return err
}

// interrupted says that what was begun goes on.
func (a *app) interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: what was begun goes on without you (watch it with: supervise status --watch)", errInterrupted)
	}
	return err
}

// quietly is each for what takes no time: it says nothing when it worked.
func (a *app) quietly(names []string, do func(ctx context.Context, p *control.Patient, name string) error) error {
	return a.withClient(func(ctx context.Context, c *control.Client) error {
		p := control.NewPatient(c, nil)
		for _, name := range unique(names) {
			if err := do(ctx, p, name); err != nil {
				return a.interrupted(err)
			}
		}
		return nil
	})
}
