package fdpass

import "syscall"

// OpenError says why a listener could not be opened: one sentence with the listener's name, what was tried, the cause
// and what to do about it.
type OpenError struct {
	Name    string        // of the listener
	Address Address       // as configured
	Op      string        // "create", "bind", "listen", "set the option mark of", ...
	Err     syscall.Errno // 0 when no system call failed; Unwrap gives it
	Cause   string        // the cause in words, in place of the errno's own text
	Advice  string        // what to do; may be empty
}

// Error gives the sentence: cannot bind listener "web" to tcp://:80: permission denied (run as root ...).
func (e *OpenError) Error() string {
	s := "cannot " + e.Op + " listener \"" + e.Name + "\""
	switch e.Op {
	case "bind":
		s += " to " + e.Address.String()
	default:
		s += " at " + e.Address.String()
	}
	s += ": " + e.Cause
	if e.Advice != "" {
		s += " (" + e.Advice + ")"
	}
	return s
}

// Unwrap gives the errno, for errors.Is(err, syscall.EADDRINUSE).
func (e *OpenError) Unwrap() error {
	if e.Err == 0 {
		return nil
	}
	return e.Err
}
