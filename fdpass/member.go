package fdpass

// Another opens a second socket that listens at the real address of s, with the configuration of s, which must have Spec.Member: from
// then on the kernel spreads new connections over both (SO_REUSEPORT, socket(7)), as far as nothing else is attached. The caller owns
// it. The error is an *OpenError.
func (s *Socket) Another() (*Socket, error) { return another(s) }

// Join makes a Socket of a TCP socket that is bound to the address of spec with SO_REUSEPORT and does not listen yet: it gets the
// options and the backlog of spec, and listens. It owns d from here on, also when it fails. The error is an *OpenError.
func Join(spec Spec, d *Descriptor) (*Socket, error) { return join(spec, d) }
