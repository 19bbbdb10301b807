package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Before is what a broker before this one left, in a process that has ended by now.
type Before struct {
	// State is the text that it saved under StateName; empty when it stored nothing.
	State []byte
	// Held are the names of everything in the vault.
	Held []string
	// Take gives the descriptor that the vault holds under a name, for the caller to own; nil when there is none.
	Take func(name string) *fdpass.Descriptor
}

// CheckState says whether this program can go on from a state that another one saved under StateName.
func CheckState(state []byte) error {
	_, err := readState(state)
	return err
}

func readState(text []byte) (shelf, error) {
	var s shelf
	if err := json.Unmarshal(text, &s); err != nil {
		return shelf{}, fmt.Errorf("cannot read what programs have stored: %w", err)
	}
	if s.Version != stateVersion {
		return shelf{}, fmt.Errorf("cannot read what programs have stored: its version is %d, this program knows %d", s.Version, stateVersion)
	}
	seen := map[[2]string]bool{}
	for _, e := range s.Stored {
		if e == nil || e.ID == "" || !strings.HasPrefix(e.Key, storedPrefix) || seen[[2]string{e.Serve, e.ID}] {
			return shelf{}, errors.New("cannot read what programs have stored: an entry makes no sense")
		}
		seen[[2]string{e.Serve, e.ID}] = true
	}
	return s, nil
}

// restore takes back what was stored, and lets go of what was held and is in no state.
func (b *Broker) restore(before *Before) {
	if before == nil {
		return
	}
	if len(before.State) > 0 {
		s, err := readState(before.State)
		if err != nil {
			b.o.Log.Error("what programs have stored is lost", "error", err)
		}
		b.store = s
		b.store.Version = stateVersion
	}
	b.store.Stored = slices.DeleteFunc(b.store.Stored, func(e *stored) bool {
		e.d = before.Take(e.Key)
		return e.d == nil // killed before it was held
	})
	for _, name := range before.Held {
		known := func(e *stored) bool { return e.Key == name }
		if strings.HasPrefix(name, storedPrefix) && !slices.ContainsFunc(b.store.Stored, known) {
			_ = b.o.Vault.Drop(name)
		}
	}
}
