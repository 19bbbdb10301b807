//go:build unix

package fdpass

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// takeGiven looks at every number before it touches one: a count that is too high would otherwise hit descriptors that
// are not meant.
func takeGiven(names []string) ([]Named, error) {
	for i, name := range names {
		if _, err := unix.FcntlInt(uintptr(firstGiven+i), unix.F_GETFD, 0); err != nil {
			return nil, fmt.Errorf("LISTEN_FDS counts %d descriptors, but number %d (%q) is not open", len(names), firstGiven+i, name)
		}
	}
	var list []Named
	for i, name := range names {
		list = append(list, Named{Name: name, Descriptor: NewDescriptor(firstGiven + i)})
	}
	return list, nil
}
