package fdpass

// NeedsReopen names the attributes, as written in a configuration, in which new differs from old and which cannot change on a live socket.
func NeedsReopen(old, new Spec) []string { return needsReopen(old, new) }
