package steer

// Kind is the sort of program that steers.
type Kind int

// The kinds. None is no program: the kernel spreads by a hash.
const (
	None     Kind = iota
	Classic       // classic BPF: anybody may
	Extended      // eBPF: needs CAP_BPF
)

// String gives "none", "cbpf" or "ebpf".
func (k Kind) String() string {
	switch k {
	case Classic:
		return "cbpf"
	case Extended:
		return "ebpf"
	}
	return "none"
}

// Support is what this kernel lets this process do: nil for what works, else why not.
type Support struct {
	Extended, Classic error

	// Migrate: connections that wait at a socket that leaves go to another one. Extended programs do that; with classic ones it needs
	// net.ipv4.tcp_migrate_req = 1.
	Migrate error
}

// Detect tries it all on loopback sockets of its own.
func Detect() Support { return detect() }

// Best gives the kind to use: Extended before Classic before None.
func (s Support) Best() Kind {
	switch {
	case s.Extended == nil:
		return Extended
	case s.Classic == nil:
		return Classic
	}
	return None
}
