package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// layout collects what the conventions of one worker say.
type layout struct {
	in    Input
	at    map[int]place // by descriptor number
	said  map[string]saying
	told  map[int]bool
	words words
}

// place is what a descriptor number is taken for.
type place struct {
	by     string // the convention that took it
	what   string
	socket int // index of the socket; -1 for anything else
}

// saying is the value of a variable, and the convention that wants it.
type saying struct{ by, value string }

func newLayout(in Input) *layout {
	return &layout{in: in, at: map[int]place{}, said: map[string]saying{}, told: map[int]bool{}}
}

// add places the sockets where d wants them and collects its words.
func (l *layout) add(d dialect) error {
	fds, err := l.numbers(d)
	if err != nil {
		return err
	}
	var w words
	if d.tell != nil && (d.always || len(l.in.Sockets) > 0) {
		if w, err = d.tell(l.in, fds); err != nil {
			return err
		}
	}
	for i := range l.in.Sockets {
		if !slices.Contains(w.silent, i) {
			l.told[i] = true
		}
	}
	if err := l.further(d.name, w); err != nil {
		return err
	}
	return l.collect(d.name, w)
}

// numbers gives the sockets their numbers in d and takes these numbers.
func (l *layout) numbers(d dialect) ([]int, error) {
	if d.apart {
		return nil, nil
	}
	fds := consecutive(firstFD, len(l.in.Sockets))
	if d.fds != nil {
		var err error
		if fds, err = d.fds(l.in); err != nil {
			return nil, err
		}
	}
	for i, fd := range fds {
		if err := l.takeSocket(d.name, fd, i); err != nil {
			return nil, err
		}
	}
	return fds, nil
}

// further takes the numbers that d needs beside those of the sockets.
func (l *layout) further(name string, w words) error {
	for _, n := range w.more {
		if err := l.takeSocket(name, n.FD, n.Socket); err != nil {
			return err
		}
	}
	for i, fd := range w.stored {
		if err := l.take(fd, place{by: name, what: fmt.Sprintf("stored descriptor %q", l.in.Stored[i]), socket: -1}); err != nil {
			return err
		}
	}
	for _, c := range w.channels {
		if err := l.take(c.FD, place{by: name, what: "a " + c.Kind.String(), socket: -1}); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) takeSocket(name string, fd, socket int) error {
	return l.take(fd, place{by: name, what: fmt.Sprintf("listener %q", l.in.Sockets[socket].Name), socket: socket})
}

// take gives a descriptor number away. Only a socket may be at its number for several conventions.
func (l *layout) take(fd int, p place) error {
	other, taken := l.at[fd]
	if taken && (p.socket < 0 || p.socket != other.socket) {
		return fmt.Errorf("it wants %s at descriptor %d, where %q has %s (use one of the two)", p.what, fd, other.by, other.what)
	}
	if !taken {
		l.at[fd] = p
	}
	return nil
}

// collect adds w to the words of all.
func (l *layout) collect(name string, w words) error {
	for _, kv := range w.env {
		key, value, _ := strings.Cut(kv, "=")
		other, known := l.said[key]
		if known && other.value != value {
			return fmt.Errorf("it sets %s to %q, which %q sets to %q (use one of the two)", key, value, other.by, other.value)
		}
		if !known {
			l.said[key] = saying{by: name, value: value}
			l.words.env = append(l.words.env, kv)
		}
	}
	l.words.ownPID = append(l.words.ownPID, w.ownPID...)
	l.words.parentPID = append(l.words.parentPID, w.parentPID...)
	l.words.ownPIDFDID = append(l.words.ownPIDFDID, w.ownPIDFDID...)
	l.words.parentPrefixed = append(l.words.parentPrefixed, w.parentPrefixed...)
	l.words.stored = append(l.words.stored, w.stored...)
	l.words.channels = append(l.words.channels, w.channels...)
	l.words.serve = append(l.words.serve, w.serve...)
	l.words.nonblocking = l.words.nonblocking || w.nonblocking
	l.words.adopt = l.words.adopt || w.adopt
	return l.addParent(w.parent)
}

// addParent makes one parent of what several conventions want of it.
func (l *layout) addParent(p *Parent) error {
	if p == nil {
		return nil
	}
	if l.words.parent == nil {
		l.words.parent = &Parent{}
	}
	one := l.words.parent
	if one.Ready != 0 && p.Ready != 0 && one.Ready != p.Ready {
		return fmt.Errorf("it says that it is ready by %v, another dialect by %v (use one of the two)", p.Ready, one.Ready)
	}
	one.Ready = max(one.Ready, p.Ready)
	one.Stay = one.Stay || p.Stay
	return nil
}

// untold is the error for a descriptor that the worker would hold without knowing it.
func (l *layout) untold(names []string) error {
	for i, s := range l.in.Sockets {
		if !l.told[i] {
			return fmt.Errorf("cannot hand over listener %q: %s socket cannot be expressed in %s (add \"systemd\" to handoff)",
				s.Name, withArticle(kind(s)), strings.Join(names, ", "))
		}
	}
	if n := len(l.in.Stored); n != len(l.words.stored) {
		return fmt.Errorf("cannot hand over %d stored descriptors: %s cannot express them (add \"systemd\" to handoff, or set fd_store to 0)",
			n, strings.Join(names, ", "))
	}
	return nil
}

func (l *layout) plan() Plan {
	p := Plan{
		Env: l.words.env, OwnPID: l.words.ownPID, ParentPID: l.words.parentPID,
		OwnPIDFDID: l.words.ownPIDFDID, ParentPIDPrefixed: l.words.parentPrefixed,
		StoredFDs: l.words.stored, Channels: l.words.channels, Serve: l.words.serve, Parent: l.words.parent,
		Nonblocking: l.words.nonblocking, Adopt: l.words.adopt,
	}
	for _, fd := range slices.Sorted(maps.Keys(l.at)) {
		if socket := l.at[fd].socket; socket >= 0 {
			p.Numbers = append(p.Numbers, Number{FD: fd, Socket: socket})
		}
	}
	slices.SortFunc(p.Channels, func(a, b Channel) int { return a.FD - b.FD })
	return p
}

// kind is how an error names the type of a socket.
func kind(s Socket) string {
	if strings.HasPrefix(s.Path, "@") {
		return "abstract " + s.Network
	}
	return s.Network
}

func withArticle(kind string) string {
	if strings.HasPrefix(kind, "a") {
		return "an " + kind
	}
	return "a " + kind
}

// consecutive returns first, first+1, … of length n.
func consecutive(first, n int) []int {
	fds := make([]int, n)
	for i := range fds {
		fds[i] = first + i
	}
	return fds
}
