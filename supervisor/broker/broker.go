package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Vault keeps what must outlive this process: keeper.Keeper.
type Vault interface {
	// Hold keeps a duplicate of d under name; the caller still owns d.
	Hold(name string, d *fdpass.Descriptor) error
	// Save keeps a text under name: all of it or, when it fails, the one before.
	Save(name string, text []byte) error
	// Drop lets go of what is kept under name.
	Drop(name string) error
}

// Sockets has the open listeners, also those at which blocks are served: *registry.Registry.
type Sockets interface {
	Duplicates(names ...string) ([]fdpass.Named, error)
}

// Options are the surroundings of a Broker.
type Options struct {
	Log     hclog.Logger
	Vault   Vault
	Sockets Sockets
	// Before is what the broker before this one has left; nil at the first start.
	Before *Before
}

// Broker serves the serve blocks. It is safe for concurrent use: it is its own monitor.
type Broker struct {
	// fixed after New
	o   Options
	ctx context.Context // of every dialogue
	end context.CancelFunc

	mu     sync.Mutex
	blocks []*block // in the order of the file
	store  shelf
	expiry *time.Timer // nil: nothing expires
	closed bool
}

// block is one serve block that is served.
type block struct {
	broker *Broker
	cfg    *config.Serve
	guests guests  // beside root and our own
	server *server // nil: the socket could not be accepted from
}

// New makes a broker that serves nothing yet. What the one before had stored is there again; what of it is of no block is let go
// with the first Apply.
func New(o Options) *Broker {
	b := &Broker{o: o}
	if b.o.Log == nil {
		b.o.Log = hclog.NewNullLogger()
	}
	b.ctx, b.end = context.WithCancel(context.Background())
	b.restore(o.Before)
	return b
}

// Apply serves these blocks from now on and no others. The registry has their sockets open. It cannot fail as a whole: what is wrong
// with a block was found by Check.
func (b *Broker) Apply(serves []*config.Serve) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	old := b.blocks
	b.blocks = nil
	for _, cfg := range serves {
		b.blocks = append(b.blocks, b.renew(old, cfg))
	}
	for _, was := range old {
		if b.find(was.cfg.Name) == nil {
			was.server.close()
			b.o.Log.Info("no longer serving", "serve", was.cfg.Name, "address", was.cfg.Address.String())
		}
	}
	b.discard(func(s *stored) bool { k := b.find(s.Serve); return k == nil || !stores(k.cfg) })
	b.expire()
}

// renew makes the block of a configuration, out of the one that is served if there is one.
func (b *Broker) renew(old []*block, cfg *config.Serve) *block {
	k := &block{broker: b, cfg: cfg}
	var err error
	if k.guests, err = guestsOf(cfg); err != nil { // since Check
		b.o.Log.Error("who may ask at a serve block is not known any more", "serve", cfg.Name, "error", err)
	}
	if i := slices.IndexFunc(old, func(was *block) bool { return was.cfg.Name == cfg.Name }); i >= 0 {
		was := old[i]
		if was.server != nil && was.cfg.Address == cfg.Address {
			k.server = was.server
			k.server.become(k)
			return k
		}
		was.server.close()
	}
	b.open(k)
	return k
}

// open begins to accept.
func (b *Broker) open(k *block) {
	l, err := b.listener(k.cfg.Name)
	if err != nil {
		b.o.Log.Error("cannot serve", "serve", k.cfg.Name, "address", k.cfg.Address.String(), "error", err)
		return
	}
	k.server = serve(l, k)
	b.o.Log.Info("serving", "serve", k.cfg.Name, "protocol", k.cfg.Protocol, "address", k.cfg.Address.String(), "listeners", k.cfg.Listeners)
}

// Reopened is told that the registry has another socket for a block, because somebody removed the path for good.
func (b *Broker) Reopened(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.find(name); k != nil && !b.closed {
		k.server.close()
		b.open(k)
	}
}

func (b *Broker) find(name string) *block {
	for _, k := range b.blocks {
		if k.cfg.Name == name {
			return k
		}
	}
	return nil
}

// Status is one block.
type Status struct {
	Name, Protocol, Address string
	Listeners               []string
	Stored                  []string // identifiers that programs have stored, sorted
	Clients                 int      // connections now
}

// Status describes the blocks in the order of the file.
func (b *Broker) Status() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Status
	for _, k := range b.blocks {
		s := Status{Name: k.cfg.Name, Protocol: k.cfg.Protocol, Address: k.cfg.Address.String(), Listeners: k.cfg.Listeners, Clients: k.server.count()}
		for _, e := range b.store.of(k.cfg.Name) {
			s.Stored = append(s.Stored, e.ID)
		}
		list = append(list, s)
	}
	return list
}

// Close ends every dialogue and lets go of all that was stored.
func (b *Broker) Close() (err error) {
	b.stop(func() {
		if b.store.Version == 0 { // nothing was ever stored
			return
		}
		b.discard(func(*stored) bool { return true })
		if err = b.o.Vault.Drop(StateName); err != nil {
			err = fmt.Errorf("cannot forget what programs have stored: %w", err)
		}
	})
	return err
}

// Abandon ends every dialogue and leaves what was stored with the vault, for the broker of another process.
func (b *Broker) Abandon() {
	b.stop(func() { _ = b.store.close() })
}

// stop calls last once and under the lock: from then on nothing is changed or given away. It returns when the last dialogue has
// seen that.
func (b *Broker) stop(last func()) {
	defer b.wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	b.end()
	if b.expiry != nil {
		b.expiry.Stop()
	}
	for _, k := range b.blocks {
		k.server.close()
	}
	last()
}

// wait is called without the lock, which a dialogue may need to end. Blocks stay as they are after stop.
func (b *Broker) wait() {
	for _, k := range b.blocks {
		k.server.wait()
	}
}

var errStopped = errors.New("this supervise is stopping")
