package fdpass

// WatchKind says what happened to a watched socket.
type WatchKind int

// Kinds of WatchEvent.
const (
	Shutdown WatchKind = iota // some holder called shutdown(2): nothing is accepted any more
	PathGone                  // the path of a unix socket was unlinked or renamed away
)

// String gives "shutdown" or "path gone".
func (k WatchKind) String() string { return [...]string{"shutdown", "path gone"}[k] }

// WatchEvent is one thing that happened to a socket.
type WatchEvent struct {
	Socket *Socket
	Kind   WatchKind
}

// Watcher tells of shutdown(2) on listeners and of vanished unix paths, without polling. It is safe for concurrent use.
type Watcher struct{ watcher }

// NewWatcher starts watching. Close it.
func NewWatcher() (*Watcher, error) { return newWatcher() }

// Add watches s, which must stay open until Remove.
func (w *Watcher) Add(s *Socket) error { return w.add(s) }

// Remove ends watching s.
func (w *Watcher) Remove(s *Socket) { w.remove(s) }

// Events gives the channel; it is closed by Close.
func (w *Watcher) Events() <-chan WatchEvent { return w.events() }

// Close ends everything.
func (w *Watcher) Close() error { return w.close() }
