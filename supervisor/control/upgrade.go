package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Upgrade replaces the running supervise by the program on disk, and returns when that is complete. The manager that is asked ends
// on the way: only the next one tells how it went.
func (p *Patient) Upgrade(ctx context.Context, report func(supervisor.Event)) error {
	if _, err := p.Brief(ctx, nil); err != nil {
		return err
	}
	began := time.Now()
	for range 2 {
		if err := p.client.upgrade(ctx, report); !Gone(err) {
			return ended(err)
		}
		last, err := p.upgraded(ctx, began, report)
		switch {
		case err != nil:
			return err
		case last.Kind == supervisor.KindUpgradeFailed:
			return fmt.Errorf("cannot upgrade: %s: %s", last.Message, last.Error)
		case last.Kind == supervisor.KindUpgraded:
			return nil
		}
		p.replaced() // it ended of something else, and the attempt with it
	}
	return errors.New("cannot upgrade: supervise's manager was replaced twice before it was done; nothing has changed")
}

// upgraded gives the event that ends an upgrade. There is none when the next manager knows of no upgrade. That one may be
// ended, too: then the one after it is asked.
func (p *Patient) upgraded(ctx context.Context, since time.Time, report func(supervisor.Event)) (last supervisor.Event, err error) {
	found, another := errors.New("found"), errors.New("another manager")
	for {
		var now supervisor.Status
		err = p.next(ctx, func(ctx context.Context) (err error) {
			now, err = p.client.Brief(ctx, nil)
			return err
		})
		if err != nil {
			return last, err
		}
		err = p.eventsAfter(ctx, since, now.Upgrading, func() {}, func(e supervisor.Event) error {
			switch e.Kind {
			case supervisor.KindUpgradeFailed:
				last = e
				return found
			case supervisor.KindUpgraded:
				last = e
				tell(report, e)
				return found
			case supervisor.KindTakenOver:
				since = e.Time
				tell(report, e)
				return another
			}
			return nil
		})
		switch {
		case err == found:
			return last, nil
		case err == another:
			continue
		case err == nil && now.Upgrading:
			err = ErrGone
		}
		return last, errors.Join(context.Cause(ctx), err)
	}
}
