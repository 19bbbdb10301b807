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
	at    map[int]int // descriptor number → socket
	told  map[int]bool
	words words
}

func newLayout(in Input) *layout {
	return &layout{in: in, at: map[int]int{}, told: map[int]bool{}}
}

// add places the sockets where d wants them and collects its words.
func (l *layout) add(d dialect) error {
	fds, err := l.numbers(d)
	if err != nil {
		return err
	}
	var w words
	if d.tell != nil && len(fds) > 0 {
		if w, err = d.tell(l.in, fds); err != nil {
			return err
		}
	}
	l.words.env = append(l.words.env, w.env...)
	l.words.ownPID = append(l.words.ownPID, w.ownPID...)
	l.words.parentPID = append(l.words.parentPID, w.parentPID...)
	for i := range fds {
		if !slices.Contains(w.silent, i) {
			l.told[i] = true
		}
	}
	return nil
}

// numbers gives the sockets their numbers in d and takes these numbers.
func (l *layout) numbers(d dialect) ([]int, error) {
	fds := consecutive(firstFD, len(l.in.Sockets))
	if d.fds != nil {
		var err error
		if fds, err = d.fds(len(l.in.Sockets)); err != nil {
			return nil, err
		}
	}
	for i, fd := range fds {
		if other, taken := l.at[fd]; taken && other != i {
			return nil, fmt.Errorf("another dialect wants listener %q at descriptor %d already", l.in.Sockets[other].Name, fd)
		}
		l.at[fd] = i
	}
	return fds, nil
}

// untold is the error for a socket that the worker would hold without knowing it.
func (l *layout) untold(names []string) error {
	for i, s := range l.in.Sockets {
		if !l.told[i] {
			return fmt.Errorf("cannot hand over listener %q: a %s socket cannot be expressed in %s (add \"systemd\" to handoff)",
				s.Name, kind(s), strings.Join(names, ", "))
		}
	}
	return nil
}

func (l *layout) plan() Plan {
	p := Plan{Env: l.words.env, OwnPID: l.words.ownPID, ParentPID: l.words.parentPID}
	for _, fd := range slices.Sorted(maps.Keys(l.at)) {
		p.Numbers = append(p.Numbers, Number{FD: fd, Socket: l.at[fd]})
	}
	return p
}

// kind is how an error names the type of a socket.
func kind(s Socket) string {
	if strings.HasPrefix(s.Path, "@") {
		return "abstract " + s.Network
	}
	return s.Network
}

// consecutive returns first, first+1, … of length n.
func consecutive(first, n int) []int {
	fds := make([]int, n)
	for i := range fds {
		fds[i] = first + i
	}
	return fds
}
