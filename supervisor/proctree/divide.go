package proctree

// Divide gives the members of many trees, as Members does of one, in one go over all processes. A process is a member of one tree at
// most; trees that contain each other are not divided.
func (s *Snapshot) Divide(trees []Tree) [][]int { return s.divide(trees) }
