package proctree

import (
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bounds on what is read of one process: its name is at most 64 bytes, an
// environment at most what execve(2) takes.
const (
	maxStat    = 4096
	maxEnviron = 8 << 20
)

// maxDepth bounds the way up to an ancestor.
const maxDepth = 1 << 12

// Of describes the tree of a process that is still there. What cannot be
// read stays empty; nothing else is wrong with the result.
func Of(root int) Tree {
	t := Tree{Root: root}
	if s, err := readStat(root); err == nil {
		t.Start = s.start
	}
	if b, err := readEnviron(root); err == nil {
		t.Mark = markIn(b)
	}
	return t
}

// Contains tells whether pid, or one of its ancestors, belongs to t now. A
// process that is gone belongs to nobody. It looks at pid and its ancestors only;
// a parent that is younger than its child is a stranger who got the pid.
func (t Tree) Contains(pid int) bool {
	s, err := readStat(pid)
	if err != nil {
		return false
	}
	root := t.root()
	for range maxDepth {
		if t.sees(s, root) || t.carries(s) {
			return true
		}
		parent, err := readStat(s.parent)
		if err != nil || parent.start > s.start {
			return false
		}
		s = parent
	}
	return false
}

// root is whether the first process is still there (also as a zombie), so that
// its pid means something as a parent, session or group.
func (t Tree) root() bool {
	s, err := readStat(t.Root)
	return err == nil && (t.Start == 0 || s.start == t.Start)
}

// sees tells what the process's own status is enough for. The kernel does not
// hand out a pid that is in use as session or group, but once all are gone it
// does: so this counts only while root holds its pid.
func (t Tree) sees(s stat, root bool) bool {
	return root && s.start >= t.Start && (s.pid == t.Root || s.session == t.Root || s.group == t.Root)
}

// carries tells whether the process inherited the mark.
func (t Tree) carries(s stat) bool {
	if t.Mark == "" || s.start < t.Start || s.isKernelThread() {
		return false
	}
	b, err := readEnviron(s.pid)
	return err == nil && hasEntry(b, t.Mark)
}

// isKernelThread: kthreadd has pid 2 and is the parent of all others. They have no environment.
func (s stat) isKernelThread() bool { return s.parent == 2 || s.pid == 2 && s.parent == 0 }

// Members are the living processes that belong to t now, in no order. It
// looks at every process of the machine once; those that appear meanwhile may
// be missing, so whoever wants to end a tree asks again until none is left.
func (t Tree) Members() []int {
	all := snapshot()
	root, adopts := t.root(), adoptsOrphans()
	belongs := make(map[int]bool)
	for _, s := range all {
		if t.sees(s, root) || mayHaveEscaped(s, all, adopts) && t.carries(s) {
			belongs[s.pid] = true
		}
	}
	addDescendants(belongs, all)
	var members []int
	for pid := range belongs {
		if !all[pid].dead() {
			members = append(members, pid)
		}
	}
	return members
}

// mayHaveEscaped tells whose environment is worth a look. Sessions are
// inherited, so a process in its parent's session belongs where the parent does;
// one that lost its parent is now a child of init or of another reaper, which
// has a session of its own. Our own children are no orphans unless we adopt some.
func mayHaveEscaped(s stat, all map[int]stat, adopts bool) bool {
	if s.parent == os.Getpid() && !adopts {
		return false
	}
	parent, ok := all[s.parent]
	return !ok || parent.session != s.session
}

// adoptsOrphans tells whether this process is init or a "child subreaper" (prctl(2)).
func adoptsOrphans() bool {
	var on int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&on)), 0, 0, 0)
	return os.Getpid() == 1 || err != nil || on != 0
}

// addDescendants adds to belongs whoever has a parent there. A child that is
// older than its parent got its number from another one.
func addDescendants(belongs map[int]bool, all map[int]stat) {
	for grew := true; grew; {
		grew = false
		for _, s := range all {
			if !belongs[s.pid] && belongs[s.parent] && s.start >= all[s.parent].start {
				belongs[s.pid], grew = true, true
			}
		}
	}
}

// snapshot is the status of every process. Those that end while it is taken
// are left out.
func snapshot() map[int]stat {
	all := make(map[int]stat)
	dir, err := os.Open("/proc")
	if err != nil {
		return all
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(512)
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			if s, err := readStat(pid); err == nil {
				all[pid] = s
			}
		}
		if err != nil {
			return all
		}
	}
}

func readStat(pid int) (stat, error) {
	b, err := readProc(pid, "stat", maxStat)
	if err != nil {
		return stat{}, err
	}
	return parseStat(b)
}

// readEnviron needs the right to trace the process (ptrace(2)): the same user, or root.
func readEnviron(pid int) ([]byte, error) { return readProc(pid, "environ", maxEnviron) }

// readProc uses bare calls: os.File would offer each of thousands of files to
// the poller, which takes as long as reading them.
func readProc(pid int, name string, most int) ([]byte, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b := make([]byte, 0, 512)
	for len(b) < most {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return b, err
		}
		b = b[:len(b)+n]
	}
	return b, nil
}
