package supervisor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Event is one thing that happened. `supervise events --json` prints them, one a line; the verbs that change something
// stream the ones that concern them.
type Event struct {
	Time       time.Time `json:"time"`
	Kind       string    `json:"kind"` // see the Kind constants
	Service    string    `json:"service,omitempty"`
	Generation int       `json:"generation,omitempty"`
	Worker     *int      `json:"worker,omitempty"`
	PID        int       `json:"pid,omitempty"`
	Listener   string    `json:"listener,omitempty"`
	Message    string    `json:"message"` // one sentence for a person
	Error      string    `json:"error,omitempty"`
	Output     []string  `json:"output,omitempty"`  // the last lines of the worker that caused it
	Changes    []string  `json:"changes,omitempty"` // reload.begin: the difference, as lines for a person
}

// What an Event tells. Rollout steps in their order, then workers, then the rest.
const (
	KindStart    = "rollout.start"    // generation n+1 is being started
	KindReady    = "rollout.ready"    // all its workers are ready
	KindBake     = "rollout.bake"     // it must stay healthy for rollout.bake
	KindCanary   = "rollout.canary"   // it gets a share of the new connections
	KindPromote  = "rollout.promote"  // it is the current one now
	KindKeep     = "rollout.keep"     // the other one is kept for a time, without new connections
	KindDrain    = "rollout.drain"    // the old one finishes
	KindRetire   = "rollout.retire"   // the old one is gone
	KindRollback = "rollout.rollback" // it failed; the old one was kept

	KindWorkerStarted   = "worker.started"
	KindWorkerReady     = "worker.ready"
	KindWorkerDraining  = "worker.draining"
	KindWorkerKilled    = "worker.killed" // the stop timeout ran out
	KindWorkerExited    = "worker.exited"
	KindWorkerFailed    = "worker.failed" // exited when it should not have, or never became ready
	KindWorkerBackoff   = "worker.backoff"
	KindWorkerUnhealthy = "worker.unhealthy" // its checks of health have failed, or it hangs
	KindWorkerIgnored   = "worker.ignored"   // a notify message that was not its own
	KindWorkerClosed    = "worker.closed"    // it is ready, and has a listener no longer that it was given

	KindWorkerAdopted   = "worker.adopted"         // it listens at a listener that it knows nothing of
	KindWorkerUnmanaged = "worker.unmanaged"       // it binds to an address that is no listener
	KindWorkerPast      = "worker.not-intercepted" // its bind or listen went past supervise

	KindHookFailed = "hook.failed"

	KindServiceStarted = "service.started"
	KindServiceStopped = "service.stopped"
	KindServiceScaled  = "service.scaled"
	KindReloadBegin    = "reload.begin" // everything new is open, services are being moved to it
	KindReload         = "reload"
	KindReloadFailed   = "reload.failed"
	KindListenerHeld   = "listener.held"
	KindListenerFree   = "listener.released"
	KindListenerTaken  = "listener.taken"        // from another program, which has its socket too
	KindListenerServed = "listener.served"       // one that was taken, by a service that is ready: the other program may be stopped
	KindNotSteered     = "listener.not-steered"  // the kernel did not take it that new connections go to another generation
	KindTakenOver      = "supervise.taken-over"  // a manager has gone on where the one before it was ended
	KindNotSaved       = "supervise.not-saved"   // the state is not safe from the end of the manager
	KindUpgradeTry     = "supervise.upgrade-try" // the program on disk has to prove itself
	KindUpgraded       = "supervise.upgraded"
	KindUpgradeFailed  = "supervise.upgrade-failed"
)

// RolloutError says that a rollout was rolled back: the generation that served before still serves, untouched.
type RolloutError struct {
	Service    string
	Generation int      // the one that failed
	Reason     string   // what went wrong, one sentence
	Output     []string // the failed worker's last lines
	Kept       int      // the generation that goes on; 0 when there was none
}

// Error gives the reason and what was kept, on one line if the reason is one.
func (e *RolloutError) Error() string {
	kept := ""
	if e.Kept > 0 {
		kept = fmt.Sprintf("; generation %d goes on", e.Kept)
	}
	what := fmt.Sprintf("cannot roll out generation %d of service %q", e.Generation, e.Service)
	if strings.Contains(e.Reason, "\n") { // an excerpt of a file
		return what + kept + ":\n" + e.Reason
	}
	return what + ": " + e.Reason + kept
}

// StartError says that a service was started and its first worker failed. The service goes on trying, unless it is final.
type StartError struct {
	Service string
	Reason  string
	Output  []string // the failed worker's last lines
	Final   bool     // restart.when says to leave it at that
}

// Error gives the reason on one line.
func (e *StartError) Error() string {
	s := fmt.Sprintf("cannot start service %q: %s", e.Service, e.Reason)
	if !e.Final {
		s += "; it is tried again"
	}
	return s
}

// Text is Error with the worker's last lines under it.
func (e *RolloutError) Text() string {
	if len(e.Output) == 0 {
		return e.Error()
	}
	return e.Error() + "\nlast lines of its output:\n  | " + strings.Join(e.Output, "\n  | ")
}

// journal keeps the last events and lets any number of readers follow. It is its own monitor: publishing never waits for
// a reader, a reader that is too slow misses the oldest ones.
type journal struct {
	mu      sync.Mutex
	ring    []Event
	next    uint64        // number of the next event
	changed chan struct{} // closed and replaced at each publish while somebody waits
}

const journalLength = 1024

func newJournal() *journal {
	return &journal{changed: make(chan struct{})}
}

func (j *journal) publish(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now() // here, so that times are in the order of events
	}
	if len(j.ring) < journalLength {
		j.ring = append(j.ring, e)
	} else {
		j.ring[j.next%journalLength] = e
	}
	j.next++
	close(j.changed)
	j.changed = make(chan struct{})
}

// position is where a reader starts that wants only what happens from now on.
func (j *journal) position() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next
}

// since gives the events from number at on, the number after them, and a channel that is closed when there are more.
func (j *journal) since(at uint64) ([]Event, uint64, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if oldest := j.next - uint64(len(j.ring)); at < oldest {
		at = oldest
	}
	out := make([]Event, 0, j.next-at)
	for ; at < j.next; at++ {
		out = append(out, j.ring[at%journalLength])
	}
	return out, j.next, j.changed
}

// follow calls emit for every event from number at on, until ctx ends, emit fails or end is closed and no event is left.
func (j *journal) follow(ctx context.Context, at uint64, end <-chan struct{}, emit func(Event) error) error {
	last := false
	for {
		events, next, more := j.since(at)
		at = next
		for _, e := range events {
			if err := emit(e); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
		select {
		case <-more:
		case <-end:
			last = true
		case <-ctx.Done():
			return nil
		}
	}
}
