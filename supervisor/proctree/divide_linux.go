package proctree

func (s *Snapshot) divide(trees []Tree) [][]int {
	d := division{Snapshot: s, trees: trees, roots: map[int]int{}, marks: map[string]int{}, owners: map[int]int{}}
	for i, t := range trees {
		if first, ok := s.all[t.Root]; ok && t.isRoot(first) {
			d.roots[t.Root] = i
		}
		if t.Mark != "" {
			d.marks[t.Mark] = i
		}
		for _, pid := range t.grouped() {
			d.owners[pid] = i
		}
	}
	members := make([][]int, len(trees))
	for pid, p := range s.all {
		if i := d.owner(p); i != nobody && !p.dead() {
			members[i] = append(members[i], pid)
		}
	}
	return members
}

// division is the question to which of many trees each process belongs. Trees are named by their index.
type division struct {
	*Snapshot
	trees  []Tree
	roots  map[int]int    // by pid of the first process, of those whose it still is
	marks  map[string]int // by mark
	owners map[int]int    // by pid, of those that are decided
}

const nobody = -1

// owner is the tree of p: its own, or else that of its parent.
func (d *division) owner(p stat) int {
	if i, decided := d.owners[p.pid]; decided {
		return i
	}
	d.owners[p.pid] = nobody // for a circle, which only numbers given anew while they were read can make
	i := d.seen(p)
	if i == nobody {
		i = d.marked(p)
	}
	if parent, ok := d.all[p.parent]; i == nobody && ok && p.start >= parent.start {
		i = d.owner(parent)
	}
	d.owners[p.pid] = i
	return i
}

// seen is Tree.sees for all trees.
func (d *division) seen(p stat) int {
	for _, pid := range []int{p.pid, p.session, p.group} {
		if i, ok := d.roots[pid]; ok && p.start >= d.trees[i].Start {
			return i
		}
	}
	return nobody
}

// marked is Snapshot.carries for all trees.
func (d *division) marked(p stat) int {
	if p.isKernelThread() || !d.mayBeLost(p) {
		return nobody
	}
	if i, ok := d.marks[markIn(d.environ(p.pid))]; ok && p.start >= d.trees[i].Start {
		return i
	}
	return nobody
}
