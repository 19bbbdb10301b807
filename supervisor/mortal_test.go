package supervisor

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
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
	return nil
}

func (s *shelf) Drop(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.texts[name]; !there {
		return os.ErrNotExist
	}
	delete(s.texts, name)
	return nil
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
