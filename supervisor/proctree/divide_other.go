//go:build !linux

package proctree

func (s *Snapshot) divide(trees []Tree) [][]int {
	members := make([][]int, len(trees))
	for i, t := range trees {
		members[i] = s.Members(t)
	}
	return members
}
