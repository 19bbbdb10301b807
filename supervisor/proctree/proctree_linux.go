package proctree

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
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
	if t.groups(pid) {
		return true
	}
	s, err := readStat(pid)
	if err != nil {
		return false
	}
	first, err := readStat(t.Root)
	root := err == nil && t.isRoot(first)
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

// groups tells whether the process is in the group of t.
func (t Tree) groups(pid int) bool {
	if t.Group == "" {
		return false
	}
	path, err := cgroup.PathOf(pid)
	return err == nil && cgroup.Within(path, t.Group)
}

// Stopped tells whether a process is stopped by a signal; one that a debugger holds is not.
func Stopped(pid int) bool {
	s, err := readStat(pid)
	return err == nil && s.state == 'T'
}

// Parent gives the parent of a process; 0 for one that is gone.
func Parent(pid int) int {
	s, _ := readStat(pid)
	return s.parent
}

// isRoot tells whether s, which has the pid of the first process, is it (also as
// a zombie). Then the pid means something as a parent, session or group.
func (t Tree) isRoot(s stat) bool { return t.Start == 0 || s.start == t.Start }

// sees tells what the process's own status is enough for. The kernel does not
// hand out a pid that is in use as session or group, but once all are gone it
// does: so this counts only while root holds its pid.
func (t Tree) sees(s stat, root bool) bool {
	return root && s.start >= t.Start && (s.pid == t.Root || s.session == t.Root || s.group == t.Root)
}

// carries tells whether the process inherited the mark.
func (t Tree) carries(s stat) bool {
	if !t.mayCarry(s) {
		return false
	}
	b, err := readEnviron(s.pid)
	return err == nil && hasEntry(b, t.Mark)
}

// mayCarry tells whether the environment is worth reading.
func (t Tree) mayCarry(s stat) bool {
	return t.Mark != "" && s.start >= t.Start && !s.isKernelThread()
}

// isKernelThread: kthreadd has pid 2 and is the parent of all others. They have no environment.
func (s stat) isKernelThread() bool { return s.parent == 2 || s.pid == 2 && s.parent == 0 }

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
