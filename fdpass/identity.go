package fdpass

// Identity is what a Socket knows and its descriptor does not tell. With it and a descriptor that was kept a later
// process goes on with the Socket: Recover. It is made to be stored as JSON.
type Identity struct {
	Spec     Spec     `json:"spec"`
	Address  Address  `json:"address,omitzero"`   // the real one; zero when it was not known yet
	Made     bool     `json:"made,omitempty"`     // the path is ours: Close unlinks it
	Warnings []string `json:"warnings,omitempty"` // see Socket.Warnings
}

// Identity gives what Recover needs. It changes with Reconfigure and Reopen.
func (s *Socket) Identity() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Identity{Spec: s.spec, Address: s.address, Made: s.file != nil, Warnings: append([]string(nil), s.warnings...)}
}

// Recover makes the Socket again that had this identity in an earlier process. It owns d from here on, also when it
// fails. Type, family and address must be what they were. Nothing is changed on the socket, because clients and workers
// use it: whether somebody changed its backlog or called shutdown(2) meanwhile is for State to tell and for Relisten to
// mend. Pause is recognised by its filter. A path that vanished is for RestorePath; when both names of the socket are
// gone, that says so and Reopen helps. The error is an *OpenError.
//
// With an identity without address, of a process that was killed before it knew, the configured one is compared.
func Recover(id Identity, d *Descriptor) (*Socket, error) { return recoverSocket(id, d) }

// Sweep removes the dead socket or fifo that a process left at a path, when its hidden name shows that an Open of ours
// made it. Anything else stays; what is alive there, or a file, is an error.
func Sweep(a Address) error { return sweep(a) }
