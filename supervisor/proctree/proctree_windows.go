package proctree

// Of describes the tree of a process. Not supported on Windows yet.
func Of(root int) Tree { return Tree{Root: root} }

// Contains knows the root only. Not supported on Windows yet.
func (t Tree) Contains(pid int) bool { return pid == t.Root }

// Snapshot is empty: this system has no portable list of processes.
type Snapshot struct{}

// Look takes a snapshot.
func Look() *Snapshot { return &Snapshot{} }

// Members is empty. Not supported on Windows yet.
func (*Snapshot) Members(t Tree) []int { return nil }

// Stopped is false: this system has no portable way to ask.
func Stopped(int) bool { return false }

// Parent is 0: this system has no portable way to ask.
func Parent(int) int { return 0 }
