package registry

import (
	"errors"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Change is what a new configuration does to the listeners, with everything new already open. Commit or Abort it; until
// then Prepare refuses another one.
type Change struct {
	r     *Registry
	items []*item
	given []fdpass.Named // what is left for later changes
	used  []fdpass.Named // what this change took, as duplicates
}

// item is one listener of the new configuration.
type item struct {
	spec    fdpass.Spec
	sharing string
	where   string
	err     error          // in the configuration, found before anything is opened
	old     *held          // the open listener that it is; nil for a new one
	fresh   *fdpass.Socket // opened by Prepare for a new one
	taken   bool           // fresh was given to this process
	quieted bool           // fresh is held until Commit
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
func (r *Registry) Prepare(listeners []*config.Listener) (*Change, error) {
	c := &Change{r: r}
	for _, l := range listeners {
		spec, err := newSpec(l)
		c.items = append(c.items, &item{spec: spec, sharing: l.Sharing, where: l.Where, err: err})
	}
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
	c.given = slices.Clone(r.given)
	r.recognise(c.items)
	var errs OpenErrors
	for _, i := range c.items {
		if err := c.open(i); err != nil {
			errs = append(errs, i.located(err))
		}
	}
	if errs != nil {
		c.closeFresh()
		return errs
	}
	r.pending = c
	return nil
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
			c.closeFresh()
			c.r.pending = nil
		}
	})
}

func (r *Registry) commit(c *Change) error {
	if r.pending != c {
		return errors.New("internal error: this change of listeners was committed or aborted before")
	}
	r.pending = nil
	if err := reconfigure(c.items); err != nil {
		c.closeFresh()
		return err
	}
	r.given = c.given
	for _, g := range c.used {
		_ = g.Descriptor.Close() // its duplicate stays
	}
	r.adopt(c.items)
	return nil
}

func (c *Change) closeFresh() {
	for _, i := range c.items {
		if i.fresh != nil {
			_ = i.fresh.Close()
		}
	}
}
