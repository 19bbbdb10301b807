package supervisor

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// vault keeps texts and descriptors beyond the end of this process: the keeper.
type vault interface {
	Hold(name string, d *fdpass.Descriptor) error
	Save(name string, text []byte) error
	Drop(name string) error
}

// kept is what a service knows of its saved state. Only its loop touches it.
type kept struct {
	changed   bool              // a note may have changed the state
	effects   []func()          // what to do when it is saved
	saved     [sha256.Size]byte // of the last text saved
	failing   bool              // the last save failed
	retrySave *time.Timer
	extra     extra
}

// later has f called when the state is saved as it is after the present note: whoever looks at a process, or at a
// message, after a crash finds in the saved state why it is there.
func (s *service) later(f func()) { s.effects = append(s.effects, f) }

// commit saves what notes have changed, and then has the effects. Notes that are there already are taken in together.
func (s *service) commit() {
	for range cap(s.notes) {
		select {
		case note := <-s.notes:
			note()
			continue
		default:
		}
		break
	}
	for s.changed || len(s.effects) > 0 {
		if s.changed {
			s.changed = false
			s.save()
		}
		effects := s.effects
		s.effects = nil
		for _, f := range effects {
			f()
		}
	}
}

// savePause is how long after a save that failed the next one is tried.
const savePause = time.Second

// save puts the state into the vault. Where that fails the service goes on as it would without a vault: if the manager is killed before
// the next save, the one after it sees by the names of the processes that the state is old, and goes on with what it sees.
func (s *service) save() {
	text, err := json.Marshal(s.snapshot())
	err = errors.Join(err, s.library.missing())
	sum := sha256.Sum256(text)
	if err == nil && sum == s.saved {
		return
	}
	if err == nil {
		err = s.vault.Save(stateName(s.name), text)
	}
	if err == nil {
		s.saved, s.failing = sum, false
		stop(&s.retrySave)
		return
	}
	if !s.failing {
		s.failing = true
		s.emit(Event{Kind: KindNotSaved, Error: err.Error(), Message: "state not saved; it is tried again every second"})
	}
	s.after(&s.retrySave, savePause, func() {})
}

// stateName is what the saved state of a service is called.
func stateName(service string) string { return "state/service/" + service }

// nextID names the next process of g: what an inventory of the keeper calls it, and what is kept for it.
func (s *service) nextID(kind string, g *generation, what string) string {
	s.serial++
	return fmt.Sprintf("%s/%s/%d/%s/%d", kind, s.name, g.number, what, s.serial)
}

// erase forgets a service that is gone for good.
func (s *service) erase() {
	_ = s.vault.Drop(stateName(s.name))
	_ = s.vault.Drop(logPrefix + s.name)
	s.logFile.Close() // of none it is an error that nobody needs
}
