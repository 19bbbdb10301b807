package main

import (
	"context"
	"os"
	"os/signal"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// signals is the goroutine that turns signals into calls.
type signals struct {
	all, pipe chan os.Signal
	done      chan struct{}
}

// watchSignals begins. kill ends everything at once.
func (i *instance) watchSignals(kill func()) *signals {
	s := &signals{all: make(chan os.Signal, 8), pipe: make(chan os.Signal, 1), done: make(chan struct{})}
	// Go ends a program whose standard output is a closed pipe, unless it has asked for SIGPIPE. Services must not end because
	// somebody's `| head` did. Ignoring the signal instead would be inherited by the workers.
	notifyPipe(s.pipe)
	forwarded := askedToStop()
	switch {
	case i.app.scm != nil: // a service does not end because somebody logs off, which Go calls SIGTERM
		forwarded = i.app.scm.signals
	case i.session != nil: // those that the keeper got
		forwarded = i.session.client.Signals()
	}
	if i.app.scm == nil {
		signal.Notify(s.all, handledSignals()...)
	}
	go func() {
		defer close(s.done)
		ending := i.endBefore(kill)
		var last press
		for {
			var sig os.Signal
			open := true
			select {
			case sig, open = <-s.all:
			case sig = <-forwarded:
			}
			if !open {
				return
			}
			next := press{sig, time.Now()}
			if action(sig) == actEnd && next.repeats(last) {
				continue
			}
			ending, last = i.handle(sig, ending, kill), next
		}
	}()
	return s
}

// endBefore stops what a manager before this one was told to stop.
func (i *instance) endBefore(kill func()) (ending bool) {
	if i.session == nil || i.session.welcome.Stopping == 0 {
		return false
	}
	i.Shutdown()
	if i.session.welcome.Stopping > 1 {
		kill()
	}
	return true
}

// press is a signal and when it came.
type press struct {
	sig os.Signal
	at  time.Time
}

// repeatWithin is the time in which a signal that comes twice was sent once: timeout(1) and some service managers signal
// a process and then its process group. A second Ctrl-C takes a human longer.
const repeatWithin = 100 * time.Millisecond

func (p press) repeats(before press) bool {
	return p.sig == before.sig && p.at.Sub(before.at) < repeatWithin
}

// stop ends the goroutine and gives the signals back.
func (s *signals) stop() {
	signal.Stop(s.all)
	signal.Stop(s.pipe)
	close(s.all)
	<-s.done
}

// handle does what a signal asks for and says whether supervise is ending.
func (i *instance) handle(sig os.Signal, ending bool, kill func()) bool {
	switch action(sig) {
	case actReload:
		go i.reloadBySignal()
	case actReopen:
		if err := i.ReopenOutput(); err != nil {
			i.log.Error("cannot open output files anew", "error", err)
		}
	case actUpgrade:
		go i.upgradeBySignal()
	case actEnd:
		if ending {
			i.log.Warn("stopping at once", "signal", sig.String())
			kill()
			return true
		}
		i.log.Info("stopping; the same signal again stops at once", "signal", sig.String())
		i.tellStopping()
		i.Shutdown()
		return true
	}
	return ending
}

// reloadBySignal has nobody to answer to but the log.
func (i *instance) reloadBySignal() {
	defer i.tellReloading()()
	changes, err := i.Reload(context.Background(), func(supervisor.Event) {})
	switch {
	case err != nil: // that is in the log already, as an event
	case changes.Empty():
		i.log.Info("reloaded, nothing has changed")
	default:
		i.log.Info("reloaded", "changes", changes.String())
	}
}

// act is what a signal asks for.
type act int

const (
	actNone act = iota
	actReload
	actReopen
	actUpgrade
	actEnd
)
