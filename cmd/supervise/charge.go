package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// takeCharge tells the keeper that this manager has taken over and serves, and how an upgrade has ended that led here.
func (i *instance) takeCharge() {
	if i.session == nil {
		return
	}
	<-i.InCharge()
	if why := i.session.welcome.Failed; why != "" {
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "upgrade failed, the program before goes on", Error: why})
	}
	err := i.session.client.Ready()
	switch {
	case !i.session.welcome.Trial:
	case err != nil:
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "the keeper goes on with the program before", Error: err.Error()})
	default:
		i.Record(supervisor.Event{Kind: supervisor.KindUpgraded, Message: "supervise upgraded to version " + version()})
	}
}

// Upgrade has the keeper replace this process by the program on disk, and then itself. It returns only when that was refused.
func (i *instance) Upgrade(context.Context) error {
	if i.session == nil {
		return errors.New("cannot upgrade: the keeper is no process of its own on this system")
	}
	if err := i.session.client.Upgrade(); err != nil {
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "upgrade refused, nothing has changed", Error: err.Error()})
		return fmt.Errorf("cannot upgrade: %w; nothing has changed", err)
	}
	return nil
}

// upgradeBySignal has nobody to answer to but the log.
func (i *instance) upgradeBySignal() { _ = i.Upgrade(context.Background()) }
