package proctree

// Of describes the tree of a process. Not supported on Windows yet.
func Of(root int) Tree { return Tree{Root: root} }

// Contains knows the root only. Not supported on Windows yet.
func (t Tree) Contains(pid int) bool { return pid == t.Root }

// Members is empty. Not supported on Windows yet.
func (t Tree) Members() []int { return nil }
