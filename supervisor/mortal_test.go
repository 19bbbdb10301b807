package supervisor

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// mortal ends the goroutine of a service's loop in the middle of what it does, as kill -9 of the manager would.
type mortal struct {
	mu   sync.Mutex
	left int // calls of risk that are survived; negative: all
}

// risk is called wherever something reaches the world outside the manager.
func (m *mortal) risk() {
	if m == nil {
		return
	}
	m.mu.Lock()
	dies := m.left == 0
	m.left--
	m.mu.Unlock()
	if dies {
		runtime.Goexit()
	}
}

func (m *mortal) dieAfter(calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = calls
}

// shelf is the vault of tests.
type shelf struct {
	mu     sync.Mutex
	texts  map[string][]byte
	full   bool
	count  int
	mortal *mortal
}

func newShelf() *library { return newLibrary(&shelf{texts: map[string][]byte{}}, nil) }

var errFull = errors.New("no space left on device")

func (s *shelf) Save(name string, text []byte) error {
	service := strings.HasPrefix(name, stateName("")) // others are saved with the library locked
	if service {
		s.mortal.risk()
		defer s.mortal.risk()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	s.texts[name] = text
	s.count++
	return nil
}

func (s *shelf) Hold(string, *fdpass.Descriptor) error { return nil }

func (s *shelf) Drop(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.texts[name]; !there {
		return os.ErrNotExist
	}
	delete(s.texts, name)
	return nil
}

func (s *shelf) setFull(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = on
}

func (s *shelf) saves() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *shelf) all() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]byte{}
	for name, text := range s.texts {
		out[name] = text
	}
	return out
}

// revive lets the next manager go on from what was saved, if the present one has died.
func (m *model) revive() {
	select {
	case <-m.s.done:
	default:
		return
	}
	m.note("killed")
	m.mortal.dieAfter(-1)
	m.replies = nil
	shelf := m.s.vault.(*shelf)
	lib := newLibrary(shelf, nil)
	lib.load(shelf.all())
	text, saved := shelf.all()[stateName("app")]
	if !saved {
		m.s = newService(m.s.cfg, m.s.all, m.runner, m.kernel, lib, m.record)
		m.attend()
		return
	}
	st, err := readService("app", text)
	if err != nil {
		m.t.Fatal(err)
	}
	if m.s, err = restored(st, m.runner, m.kernel, lib, m.record); err != nil {
		m.t.Fatal(err)
	}
	m.clearAway()
	m.s.post(m.s.resume)
	m.attend()
}

// clearAway releases the processes that the state does not know, as the manager does. They have ended: one that lives is in
// the state, because that was saved before it was started.
func (m *model) clearAway() {
	known := map[string]bool{}
	for _, w := range m.s.everyWorker() {
		known[w.id] = true
	}
	for _, p := range m.alive() {
		if known[p.spec.id] {
			continue
		}
		if p.last == nil {
			m.t.Errorf("process %s lives and nobody knows it", p.spec.id)
		}
		p.release()
	}
}

// attend begins the loop, and has the last command given once more: nobody was told how it ended.
func (m *model) attend() {
	go m.s.loop()
	synctest.Wait()
	if m.again != nil {
		m.again()
	}
}
