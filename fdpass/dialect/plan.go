package dialect

import "syscall"

// Input is everything a convention may depend on.
type Input struct {
	Sockets    []Socket // in the order of the service
	Worker     int      // index in the generation, from 0
	Generation int      // from 1
	RuntimeDir string   // the worker's runtime folder: sockets that are served to it lie there
	System     string   // the worker's, as GOOS has it; only "windows" makes a difference
	ListenPID  string   // LISTEN_PID of the systemd convention: "own" (also ""), "omit" or "parent"
	Stored     []string // names of the descriptors that an earlier worker stored (FDSTORE of sd_notify(3))

	// What is known of the worker otherwise, for Traps and Arguments; all may be left out.
	Command    []string // what it runs
	StopSignal string   // "SIGTERM"
	Environ    []string // NAME=value
}

// Plan is how one worker gets its sockets.
type Plan struct {
	Numbers   []Number // ascending by FD; a socket may have several numbers
	Env       []string // NAME=value
	OwnPID    []string // names of variables to set to the worker's pid
	ParentPID []string // names of variables to set to the pid of the worker's parent

	// OwnPIDFDID names variables to set to the inode number of the worker's own pidfd; they are left out
	// where the kernel has no pidfs (before Linux 6.9).
	OwnPIDFDID []string
	// ParentPIDPrefixed names variables to set to "parent:" and the pid of the worker's parent.
	ParentPIDPrefixed []string

	StoredFDs []int     // the number of each of Input.Stored
	Channels  []Channel // further descriptors, ascending by FD
	Serve     []Served  // sockets to serve to this worker
	Parent    *Parent   // a small parent between keeper and worker; nil: none

	// Adopt is whether the worker gets no socket because it makes its own, in whose place it is answered with these.
	Adopt bool

	// Nonblocking is whether the worker relies on sockets that have O_NONBLOCK already: it takes them from a process that
	// has set it, and would hang in accept(2). Other programs set it themselves.
	Nonblocking bool
}

// Number says that descriptor number FD of the worker is socket number Socket of
// the Input.
type Number struct{ FD, Socket int }

// Channel is a descriptor that is not a socket of the service: by it the worker says something, or reads
// what it has to know.
type Channel struct {
	FD      int
	Kind    ChannelKind
	Content []byte // of kind Content: what the worker reads; then end of file
	// Said reports, of the other kinds, whether what the worker wrote so far says that it is ready; of kind Datagram
	// it is asked about one datagram at a time. It is nil for Content.
	Said func(received []byte) bool
}

// ChannelKind is what the worker holds of a channel.
type ChannelKind int

const (
	// PipeOut is the writing end of a pipe.
	PipeOut ChannelKind = iota
	// Stream is one end of a stream socketpair.
	Stream
	// Datagram is one end of a datagram socketpair.
	Datagram
	// Content is the reading end of a pipe that holds Channel.Content and whose other end is closed.
	Content
)

// String names the kind as check shows it.
func (k ChannelKind) String() string {
	switch k {
	case PipeOut:
		return "pipe"
	case Stream:
		return "stream"
	case Datagram:
		return "datagram"
	case Content:
		return "content"
	}
	return "unknown"
}

// windows is the Input.System on which sockets are handles.
const windows = "windows"

// Served is a stream socket that is served to one worker: a unix one, or, of systemfd, one at a port of the loopback address
// that the kernel chooses.
type Served struct {
	Protocol string // einhorn, haproxy, zerg, s6-fdholder, multibinder or systemfd
	Path     string // in Input.RuntimeDir; "" of systemfd

	// AddressEnv and SecretEnv name the variables to set to the address ("127.0.0.1:49731") and to a random secret of this worker's own,
	// which it has to say there. Of systemfd; "" of the others.
	AddressEnv, SecretEnv string
}

// Parent is a small process between keeper and worker, for programs that send signals to their parent because
// they take it for the worker before them. At least one of its fields is set.
type Parent struct {
	// Ready is the signal by which the worker says that it serves. The first one counts like READY=1; the parent
	// then goes away, unless it stays: then it swallows the others. 0 if there is none.
	Ready syscall.Signal
	// Stay keeps the parent for the life of the worker; it swallows SIGUSR1 and SIGUSR2, too.
	Stay bool
}
