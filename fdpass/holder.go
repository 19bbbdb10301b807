package fdpass

// Holder is a process that holds an address.
type Holder struct {
	PID     int    // 0 when the process is not visible to us
	Command string // its name as in /proc/PID/comm; "" when not visible
	UID     int    // owner of the socket; -1 when not known
}

// Holders says which processes hold an address, found by sock_diag(7) and /proc. It is empty when nobody does.
func Holders(a Address) ([]Holder, error) { return holders(a) }
