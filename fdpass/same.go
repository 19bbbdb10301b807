package fdpass

// SameDescription is whether a and b are duplicates of one another: one open file description, so that flags, position and
// connection are shared. Where the kernel does not tell (kcmp(2)) two openings of one file in the same mode count as the same.
func SameDescription(a, b *Descriptor) bool { return sameDescription(a, b) }
