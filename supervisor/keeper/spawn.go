package keeper

import (
	"errors"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// register makes w known, and its exit. One that is known already is closed.
func (c *core) register(w *worker) error {
	return tell(c, func(s *state) error {
		if s.workers[w.id] != nil {
			w.leader.close()
			w.closeFollowed()
			return nil
		}
		s.workers[w.id] = w
		go c.watch(w, w.leader)
		if w.main != w.leader {
			go c.watch(w, w.main)
		}
		return nil
	})
}

// find gives what the file is made of, which stays its owner's.
func (f File) find(held func(string) (*fdpass.Descriptor, error)) (*fdpass.Descriptor, error) {
	switch {
	case (f.Held == "") == (f.Descriptor == nil):
		return nil, errors.New("one of a held name and a descriptor must be given")
	case f.Descriptor != nil:
		return f.Descriptor, nil
	}
	return held(f.Held)
}
