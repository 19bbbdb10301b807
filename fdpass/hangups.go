package fdpass

// HangUps tells of descriptors whose other side is gone: a connection that was closed, a pipe without readers or writers. It is safe
// for concurrent use.
type HangUps struct{ hangUps }

// NewHangUps makes one that watches nothing yet. The caller closes it.
func NewHangUps() (*HangUps, error) { return newHangUps() }

// Add begins to watch d, which stays the caller's and must be removed before it is closed: its other duplicates would keep it being
// watched. Next gives key, once. Only sockets and pipes hang up: a file's owner might serve it himself (FUSE), and be waited for.
func (h *HangUps) Add(d *Descriptor, key uint32) error { return h.add(d, key) }

// Remove ends that. One that is not watched is fine.
func (h *HangUps) Remove(d *Descriptor) { h.remove(d) }

// Next waits until something hangs up and gives its key. The error is os.ErrClosed after Close.
func (h *HangUps) Next() (key uint32, err error) { return h.next() }

// Close ends Next. A second Close is an error.
func (h *HangUps) Close() error { return h.close() }
