package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// takeCharge tells the keeper that this manager has taken over and serves, and how an upgrade has ended that led here.
func (i *instance) takeCharge() {
	if i.session == nil {
		return
	}
	defer i.told.Store(true)
	<-i.InCharge()
	if why := i.session.welcome.Failed; why != "" {
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "upgrade failed, the program before goes on", Error: why})
	}
	err := i.session.client.Ready()
	switch {
	case !i.session.welcome.Trial && err != nil:
		i.log.Error("keeper not told that this manager serves", "error", err)
	case !i.session.welcome.Trial:
	case err != nil:
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "the keeper goes on with the program before", Error: err.Error()})
	default:
		i.Record(supervisor.Event{Kind: supervisor.KindUpgraded, Message: "supervise upgraded to version " + version()})
	}
}

// Status is the Manager's, with what only the process knows.
func (i *instance) Status(ctx context.Context, names []string) (supervisor.Status, error) {
	return i.complete(ctx, names, i.Manager.Status)
}

// Brief is the Manager's likewise.
func (i *instance) Brief(ctx context.Context, names []string) (supervisor.Status, error) {
	return i.complete(ctx, names, i.Manager.Brief)
}

func (i *instance) complete(ctx context.Context, names []string, ask func(context.Context, []string) (supervisor.Status, error)) (supervisor.Status, error) {
	led := i.session != nil && (i.session.welcome.Trial || i.session.welcome.Failed != "")
	upgrading := led && !i.told.Load()
	s, err := ask(ctx, names)
	s.Upgrading = upgrading
	return s, err
}

// Upgrade has the keeper replace this process by the program on disk, and then itself. It returns only when that was refused.
func (i *instance) Upgrade(_ context.Context, report func(supervisor.Event)) error {
	if i.session == nil {
		program, _ := os.Executable()
		err := notInPlace(runtime.GOOS, program, i.app.scm != nil)
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "upgrade refused, nothing has changed", Error: err.Error()})
		return err
	}
	program := i.session.welcome.Program
	try := supervisor.Event{Time: time.Now(), Kind: supervisor.KindUpgradeTry, Message: fmt.Sprintf("trying whether %q can go on from here", program)}
	i.Record(try)
	report(try)
	err := runnable(program)
	if err == nil {
		err = i.session.client.Upgrade()
	}
	if err != nil {
		i.Record(supervisor.Event{Kind: supervisor.KindUpgradeFailed, Message: "upgrade refused, nothing has changed", Error: err.Error()})
		return notUpgraded(program, err.Error())
	}
	return nil
}

// notInPlace says what to do where the keeper is no process of its own, to which the workers could stay.
func notInPlace(system, program string, service bool) error {
	stop, start := "stop it (Ctrl-C: workers finish what they have)", "start it again"
	if service {
		stop, start = "stop the service (supervise service stop: workers finish what they have)", "start it again (supervise service start)"
	}
	return fmt.Errorf("cannot upgrade: on %s workers end with supervise; %s, replace %q, and %s", config.SystemName(system), stop, program, start)
}

// notUpgraded has the reason on a line of its own where it is an excerpt of a file.
func notUpgraded(program, reason string) error {
	if strings.Contains(reason, "\n") {
		return fmt.Errorf("cannot upgrade to %q, nothing has changed:\n%s", program, reason)
	}
	return fmt.Errorf("cannot upgrade to %q: %s; nothing has changed", program, reason)
}

// upgradeBySignal has nobody to answer to but the log.
func (i *instance) upgradeBySignal() { _ = i.Upgrade(context.Background(), func(supervisor.Event) {}) }
