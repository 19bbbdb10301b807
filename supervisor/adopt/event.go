package adopt

// Kind says what an Event reports.
type Kind int

const (
	Bound          Kind = iota + 1 // a socket of the program is bound to a listener's address
	Listened                       // it listens there: connections reach the program
	Unmanaged                      // the program binds to an address that is no listener of the service
	NotIntercepted                 // a call could not be answered and went on as if there were no supervise
	Refused                        // a call was answered with an error, so that the program does without
)

// String gives the word that logs have.
func (k Kind) String() string {
	return [...]string{"unknown", "bound", "listened", "unmanaged", "not-intercepted", "refused"}[max(0, min(k, Refused))]
}

// Mode is how a listener came to the program. See the package comment.
type Mode string

const (
	Own    Mode = "own"    // the program's own socket, bound and listening on its behalf
	Inject Mode = "inject" // a socket of supervise in the place of the program's
	Shared Mode = "shared" // the same, the one socket of all generations
)

// Event is something that happened in the program.
type Event struct {
	Kind     Kind
	Listener string // its name; "" when none is concerned or it is not known
	Mode     Mode   // of Bound and Listened
	PID      int    // the process that called
	Address  string // what it asked for, "tcp4://0.0.0.0:80"; "" when it is not known
	Why      string // of NotIntercepted and Refused: the cause, and what to do about it
}
