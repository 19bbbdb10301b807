package wire

import (
	"errors"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Store is what a dialogue gives away, and takes where the protocol has that (s6-fdholder). Its methods are called by one
// dialogue at a time, but many dialogues may run.
type Store interface {
	// List gives duplicates, which the caller closes.
	List() ([]fdpass.Named, error)
	// Put keeps d under name until then; the zero time is for ever. It owns d, also when it fails.
	Put(name string, d *fdpass.Descriptor, until time.Time) error
	// Delete forgets what Put has kept.
	Delete(name string) error
}

// What Put and Delete answer, by errors.Is, for the peer to be told. List may answer ErrDenied.
var (
	ErrExists  = errors.New("the name is taken")
	ErrUnknown = errors.New("there is no such name")
	ErrDenied  = errors.New("the peer may not do that")
	ErrFull    = errors.New("nothing more can be stored")
)

// find gives the descriptor with the name and closes all others; ErrUnknown when there is none.
func find(s Store, name string) (*fdpass.Descriptor, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	var found *fdpass.Descriptor
	for _, n := range list {
		if n.Name == name && found == nil {
			found = n.Descriptor
			continue
		}
		n.Descriptor.CloseForeign()
	}
	if found == nil {
		return nil, ErrUnknown
	}
	return found, nil
}

func closeAll(list []fdpass.Named) {
	for _, n := range list {
		n.Descriptor.CloseForeign()
	}
}
