package registry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// StateName is the name of the text that a registry keeps in its Vault.
const StateName = "state/listeners"

// keyPrefix and a number are the name of a listener's descriptor in the vault.
const keyPrefix = "listener/"

// ledgerVersion changes when an older program would misread the ledger; one that only knows less passes on what it does
// not know.
const ledgerVersion = 2

// plainVersion is what a ledger has in which no listener is steered.
const plainVersion = 1

// ledger is all that a registry after this one has to know, written down as JSON under StateName. What is intended is
// written before it is done, so at any instant the descriptors in the vault are those of the ledger or fewer.
type ledger struct {
	Version    int
	Next       int      // number of the next key; none is used twice
	Promotions int      // highest rank so far
	Promoted   []rank   // by rank
	Drop       []string // names that the vault could not drop yet
	Mirrored   []string // names that Options.Opened has been told, or is about to be
	Untold     bool     // it is not sure that the mirror is right
	Listeners  []entry  // those of the configuration in its order, then the others
	extra      extra
}

// entry is one listener in the ledger.
type entry struct {
	Key        string
	Name       string
	Configured bool // or else leased, to be closed, or opened for a change that is not committed
	Sharing    string
	Socket     fdpass.Identity
	Change     *fdpass.Spec // what a Commit has begun to make of it
	Held       bool         // see Hold
	Backlog    int          // that the kernel granted; -1 unknown
	Flag       flagEntry
	Given      string        // name in the vault of the given descriptor that it was made of, until that is dropped
	TakenFrom  string        // who had it open before
	Outdated   []User        // generations whose workers have a socket that is dead
	Steered    *steeredEntry // nil with sharing "all"; with it what is said of a socket above is of one among several
	extra      extra
}

// flagEntry is a flag in the ledger.
type flagEntry struct {
	Start   bool   `json:"start"`
	Want    bool   `json:"want"`
	Decider User   `json:"decider,omitzero"`
	Wishes  []wish `json:"wishes,omitempty"` // by user
}

type wish struct {
	User
	On bool `json:"on"`
}

type rank struct {
	User
	Rank int `json:"rank"`
}

func (l *ledger) fields() []field {
	return []field{
		{"version", &l.Version}, {"next", &l.Next}, {"promotions", &l.Promotions}, {"promoted", &l.Promoted},
		{"drop", &l.Drop}, {"mirrored", &l.Mirrored}, {"untold", &l.Untold}, {"listeners", &l.Listeners},
	}
}

func (e *entry) fields() []field {
	return []field{
		{"key", &e.Key}, {"name", &e.Name}, {"configured", &e.Configured}, {"sharing", &e.Sharing},
		{"socket", &e.Socket}, {"change", &e.Change}, {"held", &e.Held}, {"backlog", &e.Backlog},
		{"flag", &e.Flag}, {"given", &e.Given}, {"taken_from", &e.TakenFrom}, {"outdated", &e.Outdated}, {"steered", &e.Steered},
	}
}

// MarshalJSON writes an entry with what a newer version put into it.
func (e entry) MarshalJSON() ([]byte, error) { return writeObject(e.fields(), e.extra) }

// UnmarshalJSON keeps what this version does not know.
func (e *entry) UnmarshalJSON(text []byte) (err error) {
	*e = entry{Backlog: -1}
	e.extra, err = readObject(text, e.fields())
	return err
}

// CheckState says whether this program can go on from a state that another one saved under StateName. It does nothing
// else: a manager on trial asks it.
func CheckState(state []byte) error {
	_, err := readLedger(state)
	return err
}

func (l *ledger) write() ([]byte, error) { return writeObject(l.fields(), l.extra) }

func readLedger(text []byte) (*ledger, error) {
	l := &ledger{}
	others, err := readObject(text, l.fields())
	if err == nil {
		l.extra = others
		err = l.check()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the saved state of listeners: %w", err)
	}
	return l, nil
}

func (l *ledger) check() error {
	switch {
	case l.Version < plainVersion || l.Version > ledgerVersion:
		return fmt.Errorf("its version is %d, this program knows %d (use the program that wrote it, or a newer one)", l.Version, ledgerVersion)
	case l.Next < 1 || l.Promotions < 0:
		return errors.New("a counter is below its first value")
	}
	keys, names := map[string]bool{}, map[string]bool{}
	for _, e := range l.Listeners {
		if err := e.check(l.Next); err != nil {
			return err
		}
		for _, key := range e.keys() {
			if keys[key] || e.Configured && names[e.Name] {
				return fmt.Errorf("listener %q (%s) is there twice", e.Name, key)
			}
		}
		for _, key := range e.keys() {
			keys[key] = true
		}
		names[e.Name] = names[e.Name] || e.Configured
	}
	return l.checkRanks()
}

func (l *ledger) checkRanks() error {
	users, ranks := map[User]bool{}, map[int]bool{}
	for _, p := range l.Promoted {
		if p.User == (User{}) || p.Rank < 1 || p.Rank > l.Promotions || users[p.User] || ranks[p.Rank] {
			return fmt.Errorf("the rank of generation %d of service %q is wrong", p.Generation, p.Service)
		}
		users[p.User], ranks[p.Rank] = true, true
	}
	return nil
}

func (e *entry) check(next int) error {
	switch {
	case !isKey(e.Key, next):
		return fmt.Errorf("%q is no key of a listener", e.Key)
	case e.Name == "" || e.Socket.Spec.Address.Network == "":
		return fmt.Errorf("%s has no name or no address", e.Key)
	case e.Backlog < -1:
		return fmt.Errorf("the backlog of %s is %d", e.Key, e.Backlog)
	case e.Steered != nil:
		return e.Steered.check(next)
	}
	return nil
}

// keys are those of its sockets.
func (e *entry) keys() []string {
	if e.Steered == nil {
		return []string{e.Key}
	}
	var list []string
	for _, m := range e.Steered.Members {
		list = append(list, m.Key)
	}
	return list
}

func isKey(key string, next int) bool {
	number, err := strconv.Atoi(strings.TrimPrefix(key, keyPrefix))
	return err == nil && keyOf(number) == key && number >= 1 && number < next
}

func keyOf(number int) string { return keyPrefix + strconv.Itoa(number) }

func (f *flag) entry() flagEntry {
	e := flagEntry{Start: f.start, Want: f.want, Decider: f.decider}
	for _, u := range sortedUsers(f.wishes) {
		e.Wishes = append(e.Wishes, wish{u, f.wishes[u]})
	}
	return e
}

func (e flagEntry) flag() flag {
	f := flag{start: e.Start, want: e.Want, decider: e.Decider}
	for _, w := range e.Wishes {
		f.wish(w.User, w.On)
	}
	return f
}

// sortedUsers gives the keys of a map by service and generation.
func sortedUsers[V any](m map[User]V) []User {
	return slices.SortedFunc(maps.Keys(m), func(a, b User) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Generation, b.Generation))
	})
}
