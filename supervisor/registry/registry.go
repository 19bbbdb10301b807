package registry

import (
	"errors"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Options are the surroundings of a Registry.
type Options struct {
	// Log gets what happens to listeners. Nil discards it.
	Log hclog.Logger
	// Given are descriptors that this process was started with (fdpass.Given). The registry owns them from New on,
	// also when New fails. A listener whose name or address matches uses one instead of opening a socket.
	Given []fdpass.Named
	// Replaced is told the name of a listener that had to be opened anew under its old path, because the kernel
	// cannot revive it: workers that were given it before accept nothing any more and need a new generation. It runs on
	// a goroutine of its own, at most one for each listener at a time, and may call the registry. May be nil.
	Replaced func(name string)
}

// Registry holds the open listeners. It is safe for concurrent use.
type Registry struct {
	// Fixed after New.
	log     hclog.Logger
	tell    func(name string)
	watcher watcher
	notes   chan note
	done    chan struct{} // closed when run has returned

	// Owned by run.
	given      []fdpass.Named           // not used by any listener yet
	listeners  []*held                  // configured, in the order of the file
	byName     map[string]*held         // configured
	removed    []*held                  // no longer configured, but leased
	bySocket   map[*fdpass.Socket]*held // both
	pending    *Change                  // prepared, neither committed nor aborted
	leases     map[User][]*Lease
	promoted   map[User]int // when a leased generation was promoted: 1, 2, 3...
	promotions int
	workers    map[place][]*worker
	closing    bool
	closeErr   error
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

// New starts a registry without listeners. Close it.
func New(o Options) (*Registry, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	w, err := fdpass.NewWatcher()
	if err != nil {
		// Worker events still lead to checks, so a machine short of inotify instances can run services.
		o.Log.Warn("listeners are watched at worker events only", "error", err)
		return start(o, unwatched{}), nil
	}
	return start(o, w), nil
}

func start(o Options, w watcher) *Registry {
	r := &Registry{
		log: o.Log, tell: o.Replaced, watcher: w,
		notes: make(chan note), done: make(chan struct{}),
		given:    append([]fdpass.Named(nil), o.Given...),
		byName:   map[string]*held{},
		bySocket: map[*fdpass.Socket]*held{},
		leases:   map[User][]*Lease{},
		promoted: map[User]int{},
		workers:  map[place][]*worker{},
	}
	go r.run()
	return r
}

// run is the goroutine that owns the state.
func (r *Registry) run() {
	defer close(r.done)
	events := r.watcher.Events()
	for !r.closing {
		select {
		case n := <-r.notes:
			n.f()
			close(n.done)
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			r.watched(e)
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

// Addresses gives the real address of every configured listener by name.
func (r *Registry) Addresses() map[string]fdpass.Address {
	m := map[string]fdpass.Address{}
	r.do(func() {
		for name, h := range r.byName {
			m[name] = h.socket.Address()
		}
	})
	return m
}

// Close closes every listener, also leased ones, unlinks the paths of unix sockets that were made here, and aborts a
// change that is not committed. Only the sockets of this process are closed: a worker keeps its own descriptors.
// It does not wait for a running call of Options.Replaced. A second Close does nothing.
func (r *Registry) Close() error {
	r.do(func() {
		r.closing = true
		r.closeErr = r.closeAll()
	})
	<-r.done
	return r.closeErr
}

func (r *Registry) closeAll() error {
	var errs []error
	if r.pending != nil {
		r.pending.closeFresh()
		r.pending = nil
	}
	for _, h := range append(r.listeners, r.removed...) {
		errs = append(errs, r.drop(h))
	}
	for _, g := range r.given {
		errs = append(errs, g.Descriptor.Close())
	}
	r.listeners, r.removed, r.given = nil, nil, nil
	clear(r.byName)
	errs = append(errs, r.watcher.Close())
	return errors.Join(errs...)
}

// unwatched is the watcher where the system has none.
type unwatched struct{}

func (unwatched) Add(*fdpass.Socket) error         { return nil }
func (unwatched) Remove(*fdpass.Socket)            {}
func (unwatched) Events() <-chan fdpass.WatchEvent { return nil }
func (unwatched) Close() error                     { return nil }
