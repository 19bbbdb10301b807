package dialect

// Traps returns what is likely to go wrong with the named conventions and these sockets, a sentence each that
// says what to do instead.
func Traps(names []string, in Input) []string { return nil }
