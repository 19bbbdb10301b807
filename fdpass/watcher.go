package fdpass

// WatchKind says what happened to a watched socket.
type WatchKind int

// Kinds of WatchEvent.
const (
	Shutdown WatchKind = iota // some holder called shutdown(2): clients are refused
	PathGone                  // the path of a unix socket or fifo was unlinked, renamed away or replaced
)

// String gives "shutdown" or "path gone".
func (k WatchKind) String() string {
	if k == PathGone {
		return "path gone"
	}
	return "shutdown"
}

// WatchEvent is one thing that happened to a socket. It says what was seen, not what still holds: State tells that.
type WatchEvent struct {
	Socket *Socket
	Kind   WatchKind
}

// Watcher tells of shutdown(2) by any holder of a listener, and of vanished paths. It does not poll: while nothing
// happens it costs no thread and no wake-up, and traffic on the sockets does not wake it. It is safe for concurrent use.
//
// A folder above a path that is renamed is not noticed, nor is a path made by somebody else.
type Watcher struct{ watcher }

// NewWatcher starts watching. Close it.
func NewWatcher() (*Watcher, error) { return newWatcher() }

// Add watches s. The descriptor stays open until Remove or Close, also when s is closed: Remove first.
func (w *Watcher) Add(s *Socket) error { return w.add(s) }

// Remove ends watching s. An event that is on its way may still arrive.
func (w *Watcher) Remove(s *Socket) { w.remove(s) }

// Events gives the channel; it is closed by Close. A slow reader loses nothing.
func (w *Watcher) Events() <-chan WatchEvent { return w.out }

// Close ends watching and waits until the channel is closed.
func (w *Watcher) Close() error { return w.close() }
