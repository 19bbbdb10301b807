package config

// Serve is a serve block: a unix socket at which other programs get listeners of supervise, in the protocol that they know.
type Serve struct {
	Name string
	// Protocol is haproxy, zerg, s6-fdholder or multibinder.
	Protocol string
	// Address is a unix stream socket.
	Address Address
	// Listeners are the names of those that are given away; there is at least one.
	Listeners []string
	// Mode is the permission bits of the path; 0 when not given.
	Mode uint32
	// Group is the name or number of the path's group, whose members may ask; "" when not given.
	Group string
	// Users are names or numbers of the users who may ask, beside root and supervise's own.
	Users []string
	// Store are patterns (path.Match) of the identifiers that clients of s6-fdholder may store and delete.
	Store []string
	// Where is the place in the file, "app.hcl:12".
	Where string

	written   written
	place     place // of the address
	listeners []named
}

// Serve returns the serve block of that name, nil when there is none.
func (c *Config) Serve(name string) *Serve {
	for _, s := range c.Serves {
		if s.Name == name {
			return s
		}
	}
	return nil
}
