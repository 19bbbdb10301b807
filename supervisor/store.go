package supervisor

import (
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

// store are the descriptors that workers of a service have left for those that come after them: FDSTORE=1 of sd_notify(3). They live as long as
// the service is not stopped. Only its loop touches it.
type store struct {
	stored []storedFile // in the order in which they came
	last   uint32       // number of the newest one ever
	full   bool         // somebody was told that there is no room
	hangs  *fdpass.HangUps
}

// storedFile is one of them. The keeper holds it under storeName.
type storedFile struct {
	storedState
	descriptor *fdpass.Descriptor // our own
}

// unnamed is what a descriptor without FDNAME is called, sd_notify(3).
const unnamed = "stored"

func storeName(service string, number uint32) string {
	return fmt.Sprintf("store/%s/%d", service, number)
}

// heardOfStore does what a message says of the store. What it brought and is not kept stays its own.
func (s *service) heardOfStore(w *worker, m notify.Message) {
	for _, d := range m.Store {
		if err := s.storeOne(w, m, d); err != nil && !s.full {
			s.full = true
			e := w.event(KindWorkerIgnored, "descriptor not stored")
			e.Error = err.Error()
			s.emit(e)
		}
	}
	if m.StoreRemove && len(m.Store) == 0 {
		s.unstore(func(f storedFile) bool { return f.Name == m.StoreName })
	}
}

// storeOne keeps a duplicate of d. It is held before the state tells of it: when the manager is killed in between, the message is still
// there to be read again, and what nobody knows of is let go of.
func (s *service) storeOne(w *worker, m notify.Message, d *fdpass.Descriptor) error {
	if slices.ContainsFunc(s.stored, func(f storedFile) bool { return fdpass.SameDescription(f.descriptor, d) }) {
		return nil
	}
	if err := s.hasRoom(w.gen); err != nil {
		return err
	}
	own, err := d.Dup()
	if err != nil {
		return err
	}
	if err := s.vault.Hold(storeName(s.name, s.last+1), own); err != nil {
		_ = own.Close()
		return err
	}
	s.last++
	f := storedFile{storedState{Number: s.last, Name: m.StoreName, Unpolled: m.StoreUnpolled}, own}
	if f.Name == "" {
		f.Name = unnamed
	}
	s.stored = append(s.stored, f)
	s.watchStored(f)
	return nil
}

// maxGiven is how many listeners and stored descriptors go to a worker: in one message, with its output and channels.
const maxGiven = fdpass.MaxBatch - 25

// storable is how many stored descriptors a worker of a configuration is given.
func storable(cfg *config.Service) int {
	if !slices.Contains(cfg.Handoff, "systemd") {
		return 0
	}
	return min(cfg.FDStore, max(0, maxGiven-len(cfg.Listeners)))
}

// hasRoom refuses what could not be handed to the next worker: that of the generation, and once that finishes of the current one.
func (s *service) hasRoom(g *generation) error {
	cfg := g.cfg
	if s.current != nil && g.stopping && storable(s.current.cfg) < storable(cfg) {
		cfg = s.current.cfg
	}
	switch most := storable(cfg); {
	case len(s.stored) < most:
		return nil
	case most < cfg.FDStore:
		return fmt.Errorf("a worker can be given %d listeners and stored descriptors at most", maxGiven)
	default:
		return fmt.Errorf("service %q may store %s (raise fd_store)", s.name, plural(most, "descriptor"))
	}
}

// shrinkStore lets go of what the workers of a configuration may not have. The oldest stay.
func (s *service) shrinkStore(cfg *config.Service) {
	if kept := storable(cfg); kept < len(s.stored) {
		first := s.stored[kept].Number // they ascend
		s.unstore(func(f storedFile) bool { return f.Number >= first })
	}
}

// watchStored lets go of a descriptor whose other side is gone.
func (s *service) watchStored(f storedFile) {
	if f.Unpolled {
		return
	}
	if s.hangs == nil {
		h, err := fdpass.NewHangUps()
		if err != nil {
			return // it stays until it is removed
		}
		s.hangs = h
		go s.awaitHangUps(h)
	}
	_ = s.hangs.Add(f.descriptor, f.Number)
}

func (s *service) awaitHangUps(h *fdpass.HangUps) {
	for {
		number, err := h.Next()
		if err != nil {
			return
		}
		s.post(func() { s.unstore(func(f storedFile) bool { return f.Number == number }) })
	}
}

// unstore lets go of some: first the state, then what it told of.
func (s *service) unstore(which func(storedFile) bool) {
	s.stored = slices.DeleteFunc(s.stored, func(f storedFile) bool {
		if !which(f) {
			return false
		}
		s.full = false
		s.later(func() {
			if s.hangs != nil {
				s.hangs.Remove(f.descriptor)
			}
			_ = s.vault.Drop(storeName(s.name, f.Number))
			f.descriptor.CloseForeign()
		})
		return true
	})
}

// emptyStore is for a service that is stopped.
func (s *service) emptyStore() {
	s.unstore(func(storedFile) bool { return true })
	s.later(func() {
		if s.hangs != nil {
			_ = s.hangs.Close()
			s.hangs = nil
		}
	})
}

// duplicates are for a worker of that configuration to be given, with their names.
func (t *store) duplicates(cfg *config.Service) (names []string, list []*fdpass.Descriptor) {
	for _, f := range t.stored[:min(len(t.stored), storable(cfg))] {
		if d, err := f.descriptor.Dup(); err == nil {
			names, list = append(names, f.Name), append(list, d)
		}
	}
	return names, list
}

func (t *store) state() (list []storedState) {
	for _, f := range t.stored {
		list = append(list, f.storedState)
	}
	return list
}

// restore makes what an earlier manager has saved, without the descriptors.
func (t *store) restore(st serviceState) {
	t.last = st.StoredLast
	for _, f := range st.Stored {
		t.stored = append(t.stored, storedFile{storedState: f})
	}
}

// reclaimStored takes the descriptors back from the keeper. What is not there any more was being let go of.
func (s *service) reclaimStored(take func(name string) *fdpass.Descriptor) {
	kept := s.stored[:0]
	for _, f := range s.stored {
		if f.descriptor = take(storeName(s.name, f.Number)); f.descriptor != nil {
			kept = append(kept, f)
			s.watchStored(f)
		}
	}
	s.stored = kept
}
