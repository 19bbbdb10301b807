package registry

import (
	"errors"
	"fmt"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Change is what a new configuration does to the listeners, with everything new already open. Commit or Abort it; until
// then Prepare refuses another one.
type Change struct {
	r     *Registry
	items []*item
	phase phase
}

// phase is how far a Change has come, which the ledger tells.
type phase int

const (
	opening   phase = iota // and open: nothing old is touched
	changing               // open listeners are being reconfigured
	committed              // it holds, whatever happens to this process
)

// item is one listener of the new configuration.
type item struct {
	spec    fdpass.Spec
	sharing string
	where   string
	err     error          // in the configuration, found before anything is opened
	old     *held          // the open listener that it is; nil for a new one
	fresh   *fdpass.Socket // opened by Prepare for a new one
	quieted bool           // fresh is held until Commit

	from   *config.TakeFrom // who may have the socket of a new one; nil: it is opened
	must   bool             // it is taken from there or not had at all
	taken  taken            // what was got there
	absent error            // why there was nothing to take
	// of what was taken, before it was ours
	backlog  int
	blocking bool

	key      string // of a new one
	given    given  // what a new one is made of; zero when it is opened
	admitted *held  // what fresh will be after Commit
}

// OpenErrors is every problem that Prepare found, in the order of the file. Each is one sentence, most are an
// *fdpass.OpenError.
type OpenErrors []error

// Error gives the sentences, one a line.
func (e OpenErrors) Error() string { return errors.Join(e...).Error() }

// Unwrap gives the problems, for errors.Is and errors.As.
func (e OpenErrors) Unwrap() []error { return e }

// Prepare opens what listeners name and is not open yet, or takes it from the given descriptors. It touches no open
// listener. The error is an OpenErrors; then everything is as it was before. An open listener is recognised by its
// address, under the same name or another one, also when it was removed but is still leased.
//
// An attribute that the kernel fixes when a socket is bound cannot change while the address stays the same: the old
// socket holds the address as long as a worker has it, and opening a second one beside it with SO_REUSEPORT would let
// the kernel queue clients at a socket that dies with its last holder. Such a change is an error that names the attribute.
//
// A new listener with take_from is taken from where that says, when it is there; a socket that is there and cannot be had is an
// error, since another one beside it would have part of the clients at most.
func (r *Registry) Prepare(listeners []*config.Listener) (*Change, error) {
	return r.PrepareTaking(listeners, nil)
}

// PrepareTaking is Prepare for a change in which the named listeners are taken over from there and from nowhere else. It is an
// error when one of them is open already or is not there to be taken.
func (r *Registry) PrepareTaking(listeners []*config.Listener, from map[string]config.TakeFrom) (*Change, error) {
	c := &Change{r: r}
	for _, l := range listeners {
		spec, err := newSpec(l)
		i := &item{spec: spec, sharing: l.Sharing, where: l.Where, err: err, from: l.TakeFrom}
		if source, told := from[l.Name]; told {
			i.from, i.must = &source, true
		}
		c.items = append(c.items, i)
	}
	c.takeAll()
	defer c.leaveTaken()
	err := errClosed
	r.do(func() { err = r.prepare(c) })
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (r *Registry) prepare(c *Change) error {
	if r.pending != nil {
		return errors.New("cannot change the listeners: another change is under way")
	}
	r.recognise(c.items)
	r.closeStrays(c.items)
	c.choose()
	r.pending = c
	if errs := c.openAll(); errs != nil {
		c.discard()
		return errs
	}
	return nil
}

// openAll writes down what it is about to open, so that a later process knows what it finds in the vault.
func (c *Change) openAll() (errs OpenErrors) {
	for _, i := range c.items {
		if i.old == nil && i.err == nil {
			i.key = keyOf(c.r.next)
			c.r.next++
		}
	}
	if err := c.r.save(); err != nil {
		return OpenErrors{fmt.Errorf("cannot open new listeners: what is known of them cannot be kept for a later process: %w", err)}
	}
	for _, i := range c.items {
		err := c.open(i)
		if err == nil && i.fresh != nil {
			err = c.entrust(i)
		}
		if err != nil {
			errs = append(errs, i.located(err))
		}
	}
	return errs
}

// Commit makes the change real: what can change on an open socket is changed, new listeners can be acquired, removed
// ones are closed when they have no lease any more. When a live change fails, those before it are put back, the new
// sockets are closed and all is as before Prepare.
func (c *Change) Commit() error {
	err := errClosed
	c.r.do(func() { err = c.r.commit(c) })
	return err
}

// Abort closes exactly what Prepare opened; given descriptors can be used by a later change. It does nothing after
// Commit, Close or another Abort.
func (c *Change) Abort() {
	c.r.do(func() {
		if c.r.pending == c {
			c.discard()
		}
	})
}

func (r *Registry) commit(c *Change) error {
	if r.pending != c {
		return errors.New("internal error: this change of listeners was committed or aborted before")
	}
	defer r.settled()
	r.settle(c)
	if err := c.apply(); err != nil {
		c.discard()
		return err
	}
	r.pending = nil
	r.adopt(c.items)
	r.mirror()
	r.dirty = true
	return nil
}

// apply reconfigures what is open. What it is about to do is written down before: a process that is killed halfway
// leaves sockets of which nobody could say what they are. From the second save on the change holds.
func (c *Change) apply() error {
	const failed = "cannot change the listeners: what is known of them cannot be kept for a later process: %w"
	c.phase = changing
	if err := c.r.save(); err != nil {
		return fmt.Errorf(failed, err)
	}
	if err := reconfigure(c.items); err != nil {
		return err
	}
	c.phase, c.r.untold = committed, c.r.mirrors()
	if err := c.r.save(); err != nil {
		c.phase = opening
		return errors.Join(fmt.Errorf(failed, err), putBack(c.items))
	}
	return nil
}

// discard closes what was opened for a change that will not be, and lets the vault go of it.
func (c *Change) discard() {
	for _, i := range c.items {
		if i.fresh != nil {
			i.giveUp()
			c.r.letGo(i.key)
		}
		if i.admitted != nil {
			_ = i.admitted.steered.close()
		}
	}
	c.r.pending = nil
	c.r.dirty = true
}

func (c *Change) each(f func(*fdpass.Socket) error) error {
	var errs []error
	for _, i := range c.items {
		if i.fresh != nil {
			errs = append(errs, f(i.fresh))
		}
	}
	return errors.Join(errs...)
}
