package registry

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// Options are the surroundings of a Registry.
type Options struct {
	// Log gets what happens to listeners. Nil discards it.
	Log hclog.Logger
	// Given are descriptors that this process was started with (fdpass.Given). The registry owns them from New on,
	// also when New fails. A listener whose name or address matches uses one instead of opening a socket.
	Given []fdpass.Named
	// GivenKeys are the names by which the vault holds Given, index by index. When a listener takes one over that name
	// is dropped. May be nil or have "" where the vault holds nothing.
	GivenKeys []string
	// Vault keeps every listener and what there is to know about it for a registry after this one. Nil keeps nothing.
	// It is called from one goroutine.
	Vault Vault
	// Before is what the registry before this one left; nil at the first start. Every listener of it is open again after
	// New. Then, in this order: Reacquire for every generation that lives, WorkerEvent for every worker that does
	// (Started, and Ready, Promoted, Draining as far as it has come), Prepare and Commit of the configuration. Until that
	// Commit nothing is changed on a socket and nothing is judged; with it everything that a worker did meanwhile is put
	// right, and what is neither configured nor leased is closed.
	Before *Before
	// Opened is told that a configured listener is open under a name, with its descriptor, which the registry owns.
	// Closed is told that none is open under a name any more. A rename and a repair that opens another socket call Closed
	// first and then Opened. They are for a mirror like the descriptor store of systemd, may be nil, are called from one
	// goroutine, and must not call the registry.
	Opened func(name string, d *fdpass.Descriptor)
	Closed func(name string)
	// Replaced is told the name of a listener that had to be opened anew under its old path, because the kernel
	// cannot revive it: workers that were given it before accept nothing any more and need a new generation. It runs on
	// a goroutine of its own, at most one for each listener at a time, and may call the registry. May be nil.
	Replaced func(name string)
}

// Registry holds the open listeners. It is safe for concurrent use.
type Registry struct {
	// Fixed after New.
	log             hclog.Logger
	tell            func(name string)
	fetch           func(config.TakeFrom, fdpass.Spec) (taken, error) // tests put another in its place
	best            func() steer.Kind                                 // likewise
	between, atMost time.Duration                                     // leavePause, leaveAfter; likewise
	watcher         watcher
	notes           chan note
	done            chan struct{} // closed when run has returned
	vault           Vault         // nil: none
	opened          func(name string, d *fdpass.Descriptor)
	closed          func(name string)

	// Owned by run.
	given      []given                    // not used by any listener yet
	listeners  []*held                    // configured, in the order of the file
	byName     map[string]*held           // configured
	removed    []*held                    // no longer configured, but leased
	bySocket   map[*fdpass.Socket]*member // of both
	pending    *Change                    // prepared, neither committed nor aborted
	leases     map[User][]*Lease
	promoted   map[User]int // when a leased generation was promoted: 1, 2, 3...
	promotions int
	workers    map[place][]*worker
	soon       *time.Timer               // keepSoon will save; nil: there is nothing to
	steerKind  steer.Kind                // what there is; None before it was found
	addresses  map[string]fdpass.Address // what Addresses gives; nil when it has to be made anew
	closing    bool
	closeErr   error

	// Owned by run: what the vault has.
	next      int    // number of the next key
	saved     []byte // the ledger as it is there
	dirty     bool   // the ledger may have changed since
	unsaved   bool   // the last save failed
	undropped []string
	mirrored  map[string]*fdpass.Descriptor // what Opened was told; nil when it must be told anew
	untold    bool
	replaying bool  // between New with Before and the first Commit
	settling  bool  // during that Commit
	extra     extra // of the ledger
}

// watcher is what the registry needs of fdpass.Watcher; tests put another in its place.
type watcher interface {
	Add(s *fdpass.Socket) error
	Remove(s *fdpass.Socket)
	Events() <-chan fdpass.WatchEvent
	Close() error
}

// note is something that run does for another goroutine.
type note struct {
	f    func()
	done chan struct{} // closed when f has returned
}

var errClosed = errors.New("the registry of listeners is closed")

// New starts a registry without listeners, or with those of Options.Before. Close or Abandon it. The error is that the
// saved state cannot be read.
func New(o Options) (*Registry, error) {
	o.Log = logger(o.Log)
	w, err := fdpass.NewWatcher()
	if err != nil {
		// Worker events still lead to checks, so a machine short of inotify instances can run services.
		level := hclog.Warn
		if runtime.GOOS != "linux" {
			level = hclog.Debug // nobody can do anything about it
		}
		o.Log.Log(level, "listeners are watched at worker events only", "error", err)
		return begin(o, unwatched{})
	}
	return begin(o, w)
}

func begin(o Options, w watcher) (*Registry, error) {
	r := prepared(o, w)
	if err := r.restore(o.Before); err != nil {
		return nil, errors.Join(err, r.abandonAll())
	}
	go r.run()
	return r, nil
}

// start is begin for what has nothing before it.
func start(o Options, w watcher) *Registry {
	r := prepared(o, w)
	go r.run()
	return r
}

func prepared(o Options, w watcher) *Registry {
	r := &Registry{
		log: logger(o.Log), tell: o.Replaced, watcher: w, fetch: fetch, best: func() steer.Kind { return steer.Detect().Best() }, between: leavePause, atMost: leaveAfter,
		notes: make(chan note), done: make(chan struct{}),
		vault: o.Vault, opened: o.Opened, closed: o.Closed, next: 1,
		mirrored: map[string]*fdpass.Descriptor{},
		byName:   map[string]*held{},
		bySocket: map[*fdpass.Socket]*member{},
		leases:   map[User][]*Lease{},
		promoted: map[User]int{},
		workers:  map[place][]*worker{},
	}
	for i, n := range o.Given {
		g := given{Named: n}
		if i < len(o.GivenKeys) {
			g.key = o.GivenKeys[i]
		}
		r.given = append(r.given, g)
	}
	if r.mirrors() && r.opened == nil {
		r.opened = func(string, *fdpass.Descriptor) {}
	}
	if r.mirrors() && r.closed == nil {
		r.closed = func(string) {}
	}
	return r
}

func logger(l hclog.Logger) hclog.Logger {
	if l == nil {
		return hclog.NewNullLogger()
	}
	return l
}

// run is the goroutine that owns the state.
func (r *Registry) run() {
	defer close(r.done)
	events := r.watcher.Events()
	for !r.closing {
		select {
		case n := <-r.notes:
			n.f()
			r.keepSoon()
			close(n.done)
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			r.watched(e)
			r.keepSoon()
		}
	}
}

// do has run call f and waits for it. It is false, and f is not called, after Close.
func (r *Registry) do(f func()) bool {
	n := note{f, make(chan struct{})}
	select {
	case r.notes <- n:
		<-n.done
		return true
	case <-r.done:
		return false
	}
}

// Unused names the given descriptors that no listener uses, for a warning. They stay open until Close, because closing
// one could refuse clients that whoever gave it promised to serve, and a later configuration may name it; clients that
// connect to one wait in its queue.
func (r *Registry) Unused() []string {
	var names []string
	r.do(func() {
		for _, g := range r.given {
			names = append(names, g.Name)
		}
	})
	return names
}

// Addresses gives the real address of every configured listener by name. The map is shared and must not be changed.
func (r *Registry) Addresses() map[string]fdpass.Address {
	var m map[string]fdpass.Address
	r.do(func() {
		if r.addresses == nil {
			r.addresses = make(map[string]fdpass.Address, len(r.byName))
			for name, h := range r.byName {
				r.addresses[name] = h.address
			}
		}
		m = r.addresses
	})
	return m
}

// Duplicates gives a second descriptor of each of the named listeners, in the order of names, for somebody else to accept from; all
// of them or none. The caller owns them.
func (r *Registry) Duplicates(names ...string) ([]fdpass.Named, error) {
	var list []fdpass.Named
	err := errClosed
	r.do(func() { list, err = r.duplicates(names) })
	return list, err
}

func (r *Registry) duplicates(names []string) (list []fdpass.Named, err error) {
	for _, name := range names {
		h := r.byName[name]
		if h == nil {
			err = fmt.Errorf("there is no listener %q", name)
			break
		}
		if h.steered != nil {
			err = fmt.Errorf("cannot give listener %q away: each generation has a socket of its own (sharing = \"all\" would do)", name)
			break
		}
		var d *fdpass.Descriptor
		if d, err = h.socket.Descriptor().Dup(); err != nil {
			err = fmt.Errorf("cannot duplicate listener %q: %w", name, err)
			break
		}
		list = append(list, fdpass.Named{Name: name, Descriptor: d})
	}
	if err == nil {
		for _, name := range names {
			r.lend(r.byName[name])
		}
	}
	if err != nil {
		for _, n := range list {
			_ = n.Descriptor.Close()
		}
		return nil, err
	}
	return list, nil
}

// unwatched is the watcher where the system has none.
type unwatched struct{}

func (unwatched) Add(*fdpass.Socket) error         { return nil }
func (unwatched) Remove(*fdpass.Socket)            {}
func (unwatched) Events() <-chan fdpass.WatchEvent { return nil }
func (unwatched) Close() error                     { return nil }
