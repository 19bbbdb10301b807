package dialect

// adopt hands over nothing: the program knows of nothing, and makes its sockets itself. What it binds and lets listen is answered with
// the sockets of the service, see package adopt of the supervisor.
func adopt() dialect {
	return dialect{name: "adopt", apart: true, tell: func(Input, []int) (words, error) { return words{adopt: true}, nil }}
}

// others is the first of the names that is neither adopt nor one that says nothing; "" for none.
func others(names []string) string {
	for _, name := range names {
		if name != "adopt" && name != "none" {
			return name
		}
	}
	return ""
}
