package keeper

import (
	"cmp"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// server is the keeper process. It holds, forks, reaps and answers; one loop owns
// all of it, and everyone else sends it notes.
type server struct {
	// fixed after Main has begun
	args     []string
	environ  []string // without what is for this process alone
	acts     map[string]act
	patience time.Duration // with a manager that tries or takes over

	// anyone may send
	notes    chan func()
	signals  chan os.Signal
	children chan os.Signal // one of them may have ended

	// owned by the loop; handed over to the program that follows
	program  string
	given    []string // names of the descriptors that were given
	kept     map[string]shelved
	workers  map[ID]*ward
	last     ID  // given out
	stopping int // signals to stop so far
	pending  []syscall.Signal
	short    int // managers in a row that never were ready
	brief    int // managers in a row that were ready and did not live long
	current  *manager

	// owned by the loop
	idle       *time.Timer // gives memory back
	lastStop   time.Time
	lastSignal syscall.Signal
	everReady  bool            // some manager was
	before     string          // how the last manager ended
	failed     string          // why the last upgrade failed too late
	trial      *manager        // of the upgrade under way
	takingOver bool            // trial follows as soon as current is gone
	replacing  *inquiry        // is answered by the program that follows
	code       *int            // set: the end
	said       <-chan struct{} // its reason is written; may be nil
}

// shelved is one thing that is kept; a text is a sealed file in memory.
type shelved struct {
	descriptor *fdpass.Descriptor
	text       bool
}

// Main is the keeper process; it returns the exit code. The manager is this same
// program, started as `supervise manager`.
func Main(o Options) int {
	// Every fork is done by this thread, whose signal mask the child gets.
	runtime.LockOSThread()
	debug.SetGCPercent(25)
	s := newServer(o)
	s.listen() // first: until here SIGTERM ends us
	if err := s.begin(os.Getenv(Variable)); err != nil {
		<-say("cannot start: " + err.Error())
		return 1
	}
	return s.run()
}

func newServer(o Options) *server {
	idle := time.AfterFunc(time.Hour, giveBack)
	idle.Stop() // until there is something to give back
	return &server{
		idle: idle, args: o.Args, program: o.Program, acts: acts(), patience: cmp.Or(o.patience, trialPatience),
		notes: make(chan func()), signals: make(chan os.Signal, maxPending), children: make(chan os.Signal, 1),
		kept: make(map[string]shelved), workers: make(map[ID]*ward),
	}
}

func (s *server) begin(variable string) error {
	s.environ = withoutVariable(os.Environ())
	_ = os.WriteFile("/proc/self/comm", []byte("supervise"), 0)
	// Orphans of workers become our children (prctl(2)); as pid 1 they do anyway.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	signal.Notify(s.children, unix.SIGCHLD)
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE) // nobody reads it: it just must not end us
	if variable != "" && variable != "0" {
		if err := s.resume(variable); err != nil {
			return err
		}
	} else if err := s.takeGiven(); err != nil {
		return err
	}
	s.reap()
	if s.current == nil {
		s.restart(0)
	}
	return nil
}

func withoutVariable(environ []string) []string {
	return slices.DeleteFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, Variable+"=") })
}

// takeGiven keeps the descriptors that systemd gave, for whichever manager wants them.
func (s *server) takeGiven() error {
	list, rest, err := fdpass.Given(s.environ, os.Getpid())
	if err != nil {
		return err
	}
	s.environ = rest
	for i, n := range list {
		s.kept[fmt.Sprintf("given/%d", i)] = shelved{descriptor: n.Descriptor}
		s.given = append(s.given, n.Name)
	}
	return nil
}

func (s *server) run() int {
	for s.code == nil {
		select {
		case note := <-s.notes:
			note()
		case sig := <-s.signals:
			s.signal(sig.(syscall.Signal))
		case <-s.children:
			s.reap()
		}
	}
	s.killAll()
	if s.said != nil {
		<-s.said
	}
	return *s.code
}

func (s *server) end(code int) { s.code = &code }

// say writes a line to stderr, which may block: the loop only waits for the last
// one. What it gives is closed when the line is written, or could not be in time.
func say(text string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		written := make(chan struct{})
		go func() {
			defer close(written)
			fmt.Fprintln(os.Stderr, "supervise: "+text)
		}()
		select {
		case <-written:
		case <-time.After(time.Second):
		}
	}()
	return done
}
