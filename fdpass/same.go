package fdpass

// SameDescription is whether a and b are duplicates of one another: one open file description, so that flags, position and
// connection are shared. Where the kernel does not tell (kcmp(2)) only sockets, pipes and memory count as the same, two openings of one
// fifo in the same mode among them.
func SameDescription(a, b *Descriptor) bool { return sameDescription(a, b) }
