package fdpass

import (
	"os"
	"sync"
)

// Socket is a listener that is open: its descriptor and what it was configured to be. It is safe for concurrent use.
type Socket struct {
	mu sync.Mutex

	// fixed after Open, but for Reopen
	address Address // the real one
	kind    kind
	file    *socketFile // the file we made; nil when there is none

	// changing
	d        *Descriptor
	spec     Spec
	warnings []string
	paused   bool
	closed   bool

	//lint:ignore U1000 only where the kernel does not tell it
	listened int // the backlog that the first listen() was given, because no second one changes it (Windows)
}

// Open makes the socket that spec describes: socket(2), every option, bind(2), listen(2) with the configured backlog.
// The descriptor is blocking and close-on-exec. The caller owns the Socket. The error is an *OpenError; nothing is left
// behind then.
//
// A unix path where a dead socket lies is replaced; a live one, or a file that is no socket, is an error. Beside a path
// that we made lies a second, hidden name of the same inode, ".NAME.supervise", for RestorePath.
func Open(spec Spec) (*Socket, error) { return open(spec) }

// Restore makes a Socket of a descriptor that was given or inherited. It owns d from here on, also when it fails. What d
// is must agree with spec: a socket, of the right type and family, bound to the right address, listening where that
// exists. Backlog and the options that can change on a live socket are then set as configured. The error is an
// *OpenError that says what was expected and what d is.
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
	Backlog     int  // in effect; -1 when there is none or the kernel does not tell (vsock, Windows)
	Queue       int  // connections waiting for accept(2); -1 when the kernel does not tell
	Listening   bool // takes connections, or datagrams: nobody called shutdown(2) on it
	Nonblocking bool // O_NONBLOCK, one flag for all holders
}

// State asks the kernel. Any process that holds the socket may have changed it.
func (s *Socket) State() (State, error) {
	s.mu.Lock()
	d, a := s.d, s.address
	s.mu.Unlock()
	var state State
	err := d.Use(func(fd int) (err error) {
		state, err = readState(fd, a)
		return err
	})
	return state, err
}

// Warnings gives sentences about what the kernel silently did otherwise than configured at the last Open, Restore or
// Reconfigure, such as a backlog cut at net.core.somaxconn.
func (s *Socket) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.warnings...)
}

// Relisten calls listen(2) again with the configured backlog. That undoes what another holder did by listen(2) with its
// own backlog and, for TCP, by shutdown(2); connections in the queue at the shutdown are lost, and until Relisten
// clients are refused.
//
// Measured on Linux 6.18: a TCP listener is revived at the same port when it was bound to it by number, which Open sees
// to also for port 0. A port that bind(2) chose, as in a descriptor that was given, is lost. A unix listener is never
// revived: listen(2) answers success and SO_ACCEPTCONN stays 1, but connect(2) is refused for ever. In both cases the
// error is ErrNeedsReopen by errors.Is.
func (s *Socket) Relisten() error { return relisten(s) }

// Reopen puts a fresh socket at the same address in the place of one that Relisten cannot revive. Descriptor is another
// from here on, processes that hold the old one must be given the new one, and a Watcher must Remove and Add. On an
// error the old one is still in place.
//
// A unix path is bound anew; clients of the dead socket were refused before and see "no such file" for the moment of
// the change. UDP works beside other holders of the old socket. An abstract name, and TCP that still listens, are free
// only when every holder has closed the old socket: until then the error is EADDRINUSE, as it always is on Windows.
func (s *Socket) Reopen() error { return reopen(s) }

// SetNonblocking sets or clears O_NONBLOCK, for all holders.
func (s *Socket) SetNonblocking(on bool) error {
	return s.Descriptor().Use(func(fd int) error { return setNonblock(fd, on) })
}

// Reconfigure applies what can change on a live socket (backlog, options, mode and owner of a path) and remembers spec.
// An option that is no longer given gets the value of a fresh socket. On an error what was changed is put back. What
// NeedsReopen names is refused. Windows does not change the backlog of a socket that listens; Warnings tells of it.
func (s *Socket) Reconfigure(spec Spec) error { return reconfigure(s, spec) }

// Pause makes the kernel drop connection requests until Resume: clients wait in the retransmission of their SYN (about
// 1, 3, 7 s ...) and nobody is refused. Connections that exist go on, and those in the queue can be accepted. Plain TCP
// only, Linux only; new kernels ask for CAP_NET_ADMIN.
func (s *Socket) Pause() error { return pause(s, true) }

// Resume ends Pause.
func (s *Socket) Resume() error { return pause(s, false) }

// Paused says whether Pause is in effect.
func (s *Socket) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
}

// RestorePath links the path of a unix socket or fifo back when somebody unlinked or renamed it. restored is false when
// there was nothing to do, also for a socket without a path and for a path that we did not make (one given by systemd).
// A dead socket that lies there now is replaced; anything else is an error.
func (s *Socket) RestorePath() (restored bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return false, nil
	}
	return s.file.restore()
}

// OwnPath makes the path of a unix socket ours that another program has bound and that was taken over from it: from here on
// RestorePath links it back when that program unlinks it at its end, as servers do, and Close unlinks it. Mode and owner
// become what is configured. It does nothing for a socket without a path, or whose path is ours already.
func (s *Socket) OwnPath() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil || !s.spec.Address.hasFile() {
		return nil
	}
	return s.d.Use(s.ownPath)
}

// Close closes the descriptor, and unlinks the path of a unix socket or fifo if we made it and it is still ours.
// Connections in the queue are reset unless another process holds the socket too. A second Close is os.ErrClosed.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.closed = true
	s.file.remove()
	return s.d.Close()
}

// Abandon closes the descriptor and leaves the path where it is, for the process that goes on with another descriptor of
// the socket. After it Close is os.ErrClosed.
func (s *Socket) Abandon() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.closed = true
	return s.d.Close()
}

// SystemMaxBacklog gives the most that the running system takes as a backlog: net.core.somaxconn of this network namespace, read at each
// call; 65535 on Windows.
func SystemMaxBacklog() int { return systemMaxBacklog() }
