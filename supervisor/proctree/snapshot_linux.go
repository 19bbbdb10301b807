package proctree

import (
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
)

// Snapshot is what all processes of the machine were at one time. Taking one
// costs about ten microseconds per process, asking it next to nothing; it is for
// one goroutine.
type Snapshot struct {
	all      map[int]stat
	environs map[int][]byte // of the few that were asked for
	adopts   bool           // orphans become our children
}

// Look takes a snapshot. Processes that end meanwhile are left out, some that
// begin may be.
func Look() *Snapshot {
	s := &Snapshot{all: make(map[int]stat), environs: make(map[int][]byte), adopts: adoptsOrphans()}
	dir, err := os.Open("/proc")
	if err != nil {
		return s
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(512)
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			if p, err := readStat(pid); err == nil {
				s.all[pid] = p
			}
		}
		if err != nil {
			return s
		}
	}
}

// adoptsOrphans tells whether this process is init or a "child subreaper" (prctl(2)).
func adoptsOrphans() bool {
	var on int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&on)), 0, 0, 0)
	return os.Getpid() == 1 || err != nil || on != 0
}

// Members are the living processes that belong to t, in no order. Whoever wants
// to end a tree has to look again until none is left.
func (s *Snapshot) Members(t Tree) []int {
	first, ok := s.all[t.Root]
	root := ok && t.isRoot(first)
	belongs := make(map[int]bool)
	for _, p := range s.all {
		if t.sees(p, root) || s.carries(t, p) {
			belongs[p.pid] = true
		}
	}
	for _, pid := range t.grouped() {
		if _, seen := s.all[pid]; seen {
			belongs[pid] = true
		}
	}
	s.addDescendants(belongs)
	var members []int
	for pid := range belongs {
		if !s.all[pid].dead() {
			members = append(members, pid)
		}
	}
	return members
}

// grouped are the processes in the group of t.
func (t Tree) grouped() []int {
	if t.Group == "" {
		return nil
	}
	g, err := cgroup.At(t.Group)
	if err != nil {
		return nil
	}
	pids, _ := g.Procs()
	return pids
}

// carries is Tree.carries, for those whose environment is worth a look.
func (s *Snapshot) carries(t Tree, p stat) bool {
	return t.mayCarry(p) && s.mayBeLost(p) && hasEntry(s.environ(p.pid), t.Mark)
}

// mayBeLost is whether only the mark of p may still tell to whom it belongs. Sessions are inherited, so a process in its
// parent's session belongs where the parent does; one that lost its parent is now a child of init or of another reaper,
// which has a session of its own. Our children are no orphans unless we adopt some.
func (s *Snapshot) mayBeLost(p stat) bool {
	if p.parent == os.Getpid() && !s.adopts {
		return false
	}
	parent, ok := s.all[p.parent]
	return !ok || parent.session != p.session
}

// environ is nil for a process that we may not look at.
func (s *Snapshot) environ(pid int) []byte {
	environ, ok := s.environs[pid]
	if !ok {
		environ, _ = readEnviron(pid)
		s.environs[pid] = environ
	}
	return environ
}

// addDescendants adds to belongs whoever has a parent there. A child that is
// older than its parent got its number from another one.
func (s *Snapshot) addDescendants(belongs map[int]bool) {
	for grew := len(belongs) > 0; grew; {
		grew = false
		for _, p := range s.all {
			if !belongs[p.pid] && belongs[p.parent] && p.start >= s.all[p.parent].start {
				belongs[p.pid], grew = true, true
			}
		}
	}
}
