package steer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// maxMembers bounds the map of sockets, 8 bytes each.
const maxMembers = 4096

// shelf is the map of sockets that Extended programs choose from. The kernel takes a socket out by itself when it no longer listens.
type shelf struct {
	sockets *ebpf.Map
	slots   map[string]uint32 // by key
	named   []uint32          // by the program that is attached: not given to anybody else while it is
}

func openShelf() (*shelf, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "supervise", Type: ebpf.ReusePortSockArray, KeySize: 4, ValueSize: 8, MaxEntries: maxMembers})
	if errors.Is(err, unix.EPERM) {
		return nil, errors.New("eBPF is not permitted (CAP_BPF is needed)")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make a map of sockets: %w", err)
	}
	return &shelf{sockets: m, slots: map[string]uint32{}}, nil
}

// errElsewhere says that a socket is in the map of another Group or process.
var errElsewhere = errors.New("another program has a socket in its own map")

// fill puts in the members that are not there yet. The error is errElsewhere when one is in another map; the rest is in then.
func (s *shelf) fill(members []Member) error {
	var elsewhere error
	for _, m := range members {
		switch err := s.put(m); {
		case errors.Is(err, unix.EBUSY):
			elsewhere = errElsewhere
		case err != nil:
			return fmt.Errorf("cannot put member %q into the map of sockets: %w", m.Key, err)
		}
	}
	return elsewhere
}

func (s *shelf) put(m Member) error {
	if _, there := s.slots[m.Key]; there {
		return nil
	}
	slot, err := s.free()
	if err != nil {
		return err
	}
	err = m.Descriptor.Use(func(fd int) error { return s.sockets.Update(slot, uint64(fd), ebpf.UpdateNoExist) })
	if err == nil {
		s.slots[m.Key] = slot
	}
	return err
}

// free finds a slot that nobody has and that the attached program does not name.
func (s *shelf) free() (uint32, error) {
	taken := make(map[uint32]bool, len(s.slots)+len(s.named))
	for _, slot := range s.slots {
		taken[slot] = true
	}
	for _, slot := range s.named {
		taken[slot] = true
	}
	for slot := range uint32(maxMembers) {
		if !taken[slot] {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("there are more than %d", maxMembers)
}

// name remembers whom the program that is now attached names.
func (s *shelf) name(c Choice) {
	s.named = s.named[:0]
	for _, key := range c.keys() {
		s.named = append(s.named, s.slots[key])
	}
	slices.Sort(s.named)
	s.named = slices.Compact(s.named)
}

func (s *shelf) slot(key string) uint32 { return s.slots[key] }
