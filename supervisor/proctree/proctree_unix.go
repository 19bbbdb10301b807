//go:build unix && !linux

package proctree

import "golang.org/x/sys/unix"

// Of describes the tree of a process. This system shows neither the start of
// another process nor its environment.
func Of(root int) Tree { return Tree{Root: root} }

// Contains tells whether pid is the root, or in the process group or the
// session that it leads.
func (t Tree) Contains(pid int) bool {
	if pid == t.Root {
		return true
	}
	group, err := unix.Getpgid(pid)
	if err == nil && group == t.Root {
		return true
	}
	session, err := unix.Getsid(pid)
	return err == nil && session == t.Root
}

// Snapshot is empty: this system has no portable list of processes.
type Snapshot struct{}

// Look takes a snapshot.
func Look() *Snapshot { return &Snapshot{} }

// Members is the root only: this system has no portable list of processes. To
// end the others, signal the process group.
func (*Snapshot) Members(t Tree) []int {
	if unix.Kill(t.Root, 0) != nil {
		return nil
	}
	return []int{t.Root}
}

// Stopped is false: this system has no portable way to ask.
func Stopped(int) bool { return false }

// Parent is 0: this system has no portable way to ask.
func Parent(int) int { return 0 }
