package keeper

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Inventory is what a keeper has: everything kept and every worker not forgotten.
type Inventory struct {
	Descriptors []fdpass.Named    // duplicates, which the caller owns. Sorted by name
	Texts       map[string][]byte // by name
	Workers     []Process         // by ID

	// Stuck are the names of descriptors that are kept and that the kernel does not hand over.
	Stuck []string
}

// Close closes the descriptors that were not taken.
func (i *Inventory) Close() {
	for _, n := range i.Descriptors {
		_ = n.Descriptor.Close()
	}
	i.Descriptors = nil
}

// Take removes the descriptor called name and gives it to the caller, who then
// owns it; nil when there is none.
func (i *Inventory) Take(name string) *fdpass.Descriptor {
	at, found := slices.BinarySearchFunc(i.Descriptors, name, func(n fdpass.Named, name string) int {
		return strings.Compare(n.Name, name)
	})
	if !found {
		return nil
	}
	d := i.Descriptors[at].Descriptor
	i.Descriptors = slices.Delete(i.Descriptors, at, at+1)
	return d
}

// sort puts everything in the promised order.
func (i *Inventory) sort() {
	slices.SortFunc(i.Descriptors, func(a, b fdpass.Named) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(i.Workers, func(a, b Process) int { return cmp.Compare(a.ID, b.ID) })
}

// Inventory is everything kept and every worker not forgotten.
func (l *Local) Inventory() (Inventory, error) {
	return ask(l.core, func(s *state) (Inventory, error) {
		i := Inventory{Texts: make(map[string][]byte)}
		for name, k := range l.kept {
			if k.descriptor == nil {
				i.Texts[name] = bytes.Clone(k.text)
				continue
			}
			dup, err := k.descriptor.Dup()
			if err != nil {
				i.Close()
				return Inventory{}, fmt.Errorf("cannot give out %q: %w", name, err)
			}
			i.Descriptors = append(i.Descriptors, fdpass.Named{Name: name, Descriptor: dup})
		}
		i.Workers = s.processes()
		i.sort()
		return i, nil
	})
}

// processes lists the workers that are not forgotten, in no order.
func (s *state) processes() []Process {
	var list []Process
	for _, w := range s.workers {
		if !w.forgotten {
			list = append(list, w.process)
		}
	}
	return list
}
