package broker

import (
	"path"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// access is what one client can do: the wire.Store of its dialogue. The block is looked up at each call, because a reload may have
// changed it meanwhile.
type access struct {
	server *server
	who    fdpass.Peer
}

// block is what is asked, if the client still may.
func (a *access) block() (*block, error) {
	k := a.server.now.Load()
	if !k.admits(a.who) {
		return nil, wire.ErrDenied
	}
	return k, nil
}

// List gives duplicates of the listeners of the block, in its order, and then of what was stored, by identifier.
func (a *access) List() ([]fdpass.Named, error) {
	k, err := a.block()
	if err != nil {
		return nil, err
	}
	list, err := k.broker.o.Sockets.Duplicates(k.cfg.Listeners...)
	if err != nil {
		return nil, err
	}
	return k.broker.appendStored(list, k.cfg.Name)
}

// Put stores d, which it owns, under an identifier until then; zero is for ever.
func (a *access) Put(name string, d *fdpass.Descriptor, until time.Time) error {
	k, err := a.block()
	if err != nil || !k.allows(name) {
		d.CloseForeign()
		return wire.ErrDenied
	}
	err = k.broker.put(k, name, d, until)
	if err == nil {
		k.broker.o.Log.Info("descriptor stored", "serve", k.cfg.Name, "identifier", name, "uid", a.who.UID, "pid", a.who.PID)
	}
	return err
}

// Delete lets go of what is stored under an identifier.
func (a *access) Delete(name string) error {
	k, err := a.block()
	if err != nil || !k.allows(name) {
		return wire.ErrDenied
	}
	err = k.broker.delete(k, name)
	if err == nil {
		k.broker.o.Log.Info("stored descriptor deleted", "serve", k.cfg.Name, "identifier", name, "uid", a.who.UID, "pid", a.who.PID)
	}
	return err
}

// allows is whether clients may store and delete an identifier: never that of a listener.
func (k *block) allows(name string) bool {
	if k == nil || !stores(k.cfg) || slices.Contains(k.cfg.Listeners, name) {
		return false
	}
	return slices.ContainsFunc(k.cfg.Store, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// stores is whether a block can have stored descriptors at all.
func stores(cfg *config.Serve) bool { return cfg.Protocol == "s6-fdholder" && len(cfg.Store) > 0 }
