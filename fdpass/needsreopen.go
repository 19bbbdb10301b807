package fdpass

// NeedsReopen names the attributes, as a configuration writes them, in which new differs from old and which cannot
// change on a live socket: address, ipv6_only, reuse_port and multipath are fixed by socket(2) or bind(2). When it is
// empty, Reconfigure is enough.
func NeedsReopen(old, new Spec) []string {
	var names []string
	if old.Address.String() != new.Address.String() {
		names = append(names, "address")
	}
	for _, name := range changedOptions(old.Options, new.Options) {
		switch name {
		case "ipv6_only", "reuse_port", "multipath":
			names = append(names, name)
		}
	}
	return names
}

// changedOptions names the options in which a and b differ.
func changedOptions(a, b Options) []string {
	var names []string
	was := a.attributes()
	for i, is := range b.attributes() {
		if was[i].setting != is.setting {
			names = append(names, is.name)
		}
	}
	return names
}
