package fdpass

import (
	"sync"
)

// Socket is a listener that is open: its descriptor and what it was configured to be. It is safe for concurrent use.
type Socket struct {
	mu       sync.Mutex
	d        *Descriptor
	spec     Spec
	address  Address // the real one
	file     *socketFile
	warnings []string
	paused   bool
	closed   bool
}

// Open makes the socket that spec describes: socket(2), every option, bind(2), listen(2) with the configured backlog.
// The descriptor is blocking and close-on-exec. The caller owns the Socket. The error is an *OpenError.
func Open(spec Spec) (*Socket, error) { return open(spec) }

// Restore makes a Socket of a descriptor that was given or inherited. It owns d from here on, also when it fails. What d
// is must agree with spec: a socket, of the right type and family, bound to the right address, listening where that
// exists. Backlog and the options that can change on a live socket are then set as configured.
// The error is an *OpenError that says what was expected and what d is.
func Restore(spec Spec, d *Descriptor) (*Socket, error) { return restore(spec, d) }

// Spec gives the configuration as of Open, Restore or the last Reconfigure.
func (s *Socket) Spec() Spec {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spec
}

// Name gives the listener's name.
func (s *Socket) Name() string { return s.Spec().Name }

// Address gives the real address: port 0 is replaced by the kernel's choice, "every address" by [::] or 0.0.0.0.
func (s *Socket) Address() Address {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Descriptor gives the open descriptor. The Socket still owns it: duplicate it to keep it. Reopen closes it and puts
// another in its place.
func (s *Socket) Descriptor() *Descriptor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.d
}

// State is what the kernel says about a listener now.
type State struct {
	Backlog     int  // in effect; -1 when there is none or the kernel does not tell
	Queue       int  // connections waiting for accept(2); -1 when the kernel does not tell
	Listening   bool // SO_ACCEPTCONN
	Nonblocking bool // O_NONBLOCK, one flag for all holders
}

// State asks the kernel. Any process that holds the socket may have changed it.
func (s *Socket) State() (State, error) {
	var state State
	err := s.Descriptor().Use(func(fd int) (err error) {
		state, err = readState(fd, s.Spec().Address)
		return err
	})
	return state, err
}

// Warnings gives sentences about what the kernel silently did otherwise than configured, such as a backlog cut at
// net.core.somaxconn.
func (s *Socket) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.warnings...)
}

// Relisten calls listen(2) again with the configured backlog.
func (s *Socket) Relisten() error { return relisten(s) }

// Reopen puts a fresh socket in the place of this one.
func (s *Socket) Reopen() error { return reopen(s) }

// SetNonblocking sets or clears O_NONBLOCK, for all holders.
func (s *Socket) SetNonblocking(on bool) error {
	return s.Descriptor().Use(func(fd int) error { return setNonblock(fd, on) })
}

// Reconfigure applies what can change on a live socket and remembers spec.
func (s *Socket) Reconfigure(spec Spec) error { return reconfigure(s, spec) }

// Pause makes the kernel drop connection requests, so that clients wait and nobody is refused. TCP only.
func (s *Socket) Pause() error { return pause(s, true) }

// Resume ends Pause.
func (s *Socket) Resume() error { return pause(s, false) }

// Paused says whether Pause is in effect.
func (s *Socket) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
}

// RestorePath links the path of a unix socket back when somebody removed it.
func (s *Socket) RestorePath() (restored bool, err error) { return restorePath(s) }

// Close closes the descriptor.
func (s *Socket) Close() error { return closeSocket(s) }

// SystemMaxBacklog gives SOMAXCONN of the running system.
func SystemMaxBacklog() int { return systemMaxBacklog() }
