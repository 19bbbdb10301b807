package fdpass

import (
	"errors"
	"fmt"
	"syscall"
)

// OpenError says why a listener could not be opened, taken over or changed: one sentence with the listener's name, what
// was tried, the cause and what to do about it.
type OpenError struct {
	Name    string        // of the listener
	Address Address       // as configured
	Op      string        // "socket", "bind", "listen", "fifo", "restore", "take", "recover", "reopen", or the attribute that was to be set
	Err     syscall.Errno // what the kernel answered; 0 when no system call failed
	Cause   string        // in words
	Advice  string        // what to do; may be empty
}

// Error gives the sentence: cannot bind listener "web" to tcp://[::]:80: permission denied ... (run as root, ...).
func (e *OpenError) Error() string {
	return fmt.Sprintf(sentence(e.Op), e.Name, e.Address) + ": " + e.Reason()
}

// Reason is the part of the sentence that does not say what was tried: permission denied ... (run as root, ...).
func (e *OpenError) Reason() string {
	if e.Advice == "" {
		return e.Cause
	}
	return e.Cause + " (" + e.Advice + ")"
}

// sentence takes the listener's name and address.
func sentence(op string) string {
	switch op {
	case "socket":
		return "cannot create listener %q for %s"
	case "bind":
		return "cannot bind listener %q to %s"
	case "listen":
		return "cannot listen with listener %q on %s"
	case "fifo":
		return "cannot open listener %q at %s"
	case "restore":
		return "cannot take over the descriptor given for listener %q at %s"
	case "take":
		return "cannot take over listener %q at %s"
	case "recover":
		return "cannot take listener %q at %s back from the process before"
	case "reopen":
		return "cannot reopen listener %q at %s"
	case "pause":
		return "cannot pause or resume listener %q at %s"
	}
	return "cannot set " + op + " of listener %q at %s"
}

// Unwrap gives the errno, for errors.Is(err, syscall.EADDRINUSE).
func (e *OpenError) Unwrap() error {
	if e.Err == 0 {
		return nil
	}
	return e.Err
}

// Is takes Winsock's error numbers for what they are called elsewhere: WSAEADDRINUSE is syscall.EADDRINUSE.
func (e *OpenError) Is(target error) bool {
	name, ok := target.(syscall.Errno)
	return ok && name != 0 && posixOf(e.Err) == name
}

// ErrNeedsReopen is what Relisten answers, by errors.Is, when listen(2) cannot bring the socket back: Reopen can.
var ErrNeedsReopen = errors.New("the socket must be opened anew")
