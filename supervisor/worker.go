package supervisor

import (
	"fmt"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

// worker is one process of a generation, from its start to its end. Only its service's loop touches it.
type worker struct {
	gen   *generation
	slot  *slot
	index int
	phase phase
	proc  process
	id    string // of its process, see nextID

	launched   bool // its command is running; before that there is nothing to signal
	pid        int
	startedAt  time.Time
	launchedAt time.Time
	readyAt    time.Time
	signalled  bool   // the stop signal has been sent
	baked      bool   // was healthy for rollout.bake
	stopping   bool   // its end is wanted
	status     string // last STATUS= message
	failure    string // why it is being killed although its end was not wanted
	stopped    bool   // it has stopped itself, to say that it is ready, and has to be told to go on
	lacks      string // what a check of readiness has answered last

	// of a program that knows nothing of its listeners
	shown      bool            // it has shown what ready.when asks for
	adopted    []AdoptedStatus // where it listens
	listenedAt time.Time       // since when at the last of them
	strange    []string        // addresses that it has bound and that are no listeners
	past       string          // why a call of it was not answered

	deadline   *time.Timer // ready.timeout while starting, stop.timeout while draining
	deadlineAt time.Time
	drain      drain
	settle     *time.Timer // ready.when = "auto": alive that long counts as ready
	bake       *time.Timer
	watchdog   *time.Timer
	interval   time.Duration      // of the watchdog
	found      map[string]finding // of the checks of health, by their kind
	healthyAt  time.Time          // since when none of them has failed
	unwatch    func()             // ends them; nil while there are none
	extra      extra
}

// process is what a service may ask of a running worker. None of the calls blocks for long.
type process interface {
	signal(sig syscall.Signal) error
	kill()                // SIGKILL to the whole process tree
	follow(pid int) error // MAINPID=
	release()             // the worker is gone: give back all that was made for it
	// watch makes the checks of health again and again, until end is called: the first one at once, or when its turn comes.
	watch(soon bool) (end func())
	seek()                 // have it told if a listener is open in none of the worker's processes
	output() []string      // its last lines
	known() keeper.Process // what the keeper knows it as
}

// runner starts processes. The real one is host; tests put another in its place.
type runner interface {
	// start begins to start a worker, owns s.stored and returns at once; one of that id which an earlier manager has started is taken over.
	// What becomes of it is told, in order, from another goroutine: launched (or exited, when it could not be), then any
	// number of the others, exited last.
	start(s spec, tell func(happening)) process
	// connections counts what workers have open, in the order of list. It may take a while.
	connections(list []holder) []int
	// hasHook is whether a hook is configured.
	hasHook(s spec, name string) bool
	// hook runs one of the service's hooks, or takes over the one of that id, and calls done once, from another goroutine.
	// release, called after that, forgets it: until then whoever takes over finds how it ended.
	hook(s spec, name string, done func(error)) (cancel, release func())
}

// happening is one thing that became of a worker.
type happening struct {
	kind    happeningKind
	pid     int            // launched
	exit    keeper.Exit    // exited
	err     error          // exited: it could not be started; ignored: why
	message notify.Message // said
	name    string         // closedListener, listening: which; strange: the address; checked: the kind
	mode    string         // listening: how, see package adopt
	output  []string       // checked: what the command has printed last
	done    func()         // called when it is taken in and saved; may be nil
}

type happeningKind int

const (
	launched       happeningKind = iota
	foundReady                   // a channel, a log line, an acknowledgement, its URL or a command says so
	foundStopped                 // it has stopped itself
	said                         // sd_notify(3)
	ignored                      // somebody else's sd_notify(3)
	closedListener               // it has one no longer that it was given
	lacking                      // a check of readiness has failed, otherwise than before
	checked                      // a check of health has failed, or succeeded when the last one had not
	listening                    // it listens at one that it knows nothing of
	strange                      // it binds to an address that is no listener
	unanswered                   // its bind or listen could not be answered, err: why
	ended
)

// describe names the worker in the middle of a sentence.
func (w *worker) describe() string {
	if w.pid == 0 {
		return fmt.Sprintf("worker %d", w.index)
	}
	return fmt.Sprintf("worker %d (pid %d)", w.index, w.pid)
}

// stopTimers ends everything that could still act on the phase that w leaves.
func (w *worker) stopTimers() {
	for _, t := range []**time.Timer{&w.deadline, &w.drain.timer, &w.settle, &w.bake, &w.watchdog} {
		stop(t)
	}
	if w.unwatch != nil {
		w.unwatch()
		w.unwatch = nil
	}
}
