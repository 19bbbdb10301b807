package adopt

import (
	"context"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Filter says what is asked about beside bind(2) and listen(2).
type Filter struct {
	Paths bool // a listener has a unix path: unlink(2) and unlinkat(2) too
}

// Install puts the filter on the calling thread, which must be the one that runs the program (runtime.LockOSThread), and sends the notify
// descriptor over fd, an end of Pair. It waits for nobody: the message keeps the descriptor open, and a bind waits until somebody
// serves. fd is still the caller's, and must be closed before the program runs.
//
// Without CAP_SYS_ADMIN the kernel wants PR_SET_NO_NEW_PRIVS (prctl(2)), which Install then sets: programs with the set-user-ID bit
// do not gain anything any more. Call it before privileges are given up.
func Install(fd int, f Filter) error { return install(fd, f) }

// Supported is nil when this kernel, and this user, can do what adopting needs; otherwise it says what is missing and what to do. It
// tries, and changes nothing.
func Supported() error { return supported() }

// Pair makes the way of the notify descriptor from the stage to us: socketpair(2). The caller owns both. ours must be open in some
// process until Receive, or the descriptor is lost on the way and the program's bind fails with ENOSYS.
func Pair() (ours, theirs *fdpass.Descriptor, err error) { return pair() }

// NewPage makes the shared memory in which the question in hand outlives whoever serves. The caller owns it, and has to give it to
// the keeper before Serve. There is one for each filter.
func NewPage() (*fdpass.Descriptor, error) { return newPage() }

// Receive waits for what Install sends. hold is to give it to the keeper and is called while the message is still in the pair, so
// that being killed loses nothing; after a kill it is called again. The caller owns the result; pair stays the caller's and is of no
// more use. The error is io.EOF when the other end was closed without a filter, and ctx.Err() when ctx ended.
func Receive(ctx context.Context, pair *fdpass.Descriptor, hold func(*fdpass.Descriptor) error) (*fdpass.Descriptor, error) {
	return receive(ctx, pair, hold)
}

// Options is what Serve needs.
type Options struct {
	Notify *fdpass.Descriptor // from Receive; still the caller's
	Page   *fdpass.Descriptor // from NewPage; still the caller's

	Listeners []Listener
	Sockets   Sockets

	// Members gives the program's processes. It is asked only when the program binds to the address of a member that is there already.
	Members func() []int

	// Report takes what happens, before the program gets its answer, and so at least once: again after a kill.
	Report func(Event)

	at func(step string) // tests are killed here
}

// Listener is a listener of the service.
type Listener struct {
	Name    string
	Sharing string // all, generation or worker
}

// Sockets gives the sockets of one worker by the index of their listener. It is called by Serve's goroutine alone, and may
// take its time: the program waits.
type Sockets interface {
	// Model gives a socket that has the listener's address, family, user and options, to look at.
	Model(i int) *fdpass.Socket

	// Open gives the socket for this worker, listening: opened now if there is none, the same one again otherwise.
	Open(i int) (*fdpass.Socket, error)

	// CanJoin is nil when a socket of the program may become a member, and says why not otherwise.
	CanJoin(i int) error

	// Join makes d a member: it is bound to the listener's address with SO_REUSEPORT and does not listen yet. d is still the
	// caller's. A second time it does nothing.
	Join(i int, d *fdpass.Descriptor) error

	// Members gives the members of this worker that are open, those of a program that has crashed too.
	Members(i int) []*fdpass.Socket
}

// Serve answers until the last process under the filter is gone, which is nil, or ctx ends, which is ctx.Err(): the answer in hand
// is finished, and later questions wait for whoever serves next. Never may two serve one filter.
func Serve(ctx context.Context, o Options) error { return serve(ctx, o) }

// Inode gives the number by which /proc/PID/fd, proc(5), tells one socket from another; 0 when there is none.
func Inode(d *fdpass.Descriptor) uint64 { return inodeOf(d) }
