package notify

import (
	"os"
	"sync"
	"sync/atomic"
)

// Socket is the NOTIFY_SOCKET of one worker. The one who called Listen or Restore owns it and closes it.
// It is safe for concurrent use; Receive is meant for one goroutine, which then sees messages in order.
type Socket struct {
	path string
	file *os.File    // in Go's poller: no thread and no wake-up while nothing comes
	made os.FileInfo // what the path was when we bound it; Close unlinks only that

	close  sync.Once
	closed atomic.Bool // set first: os.File's raw errors do not say that it is closed
}

// Listen binds a datagram socket to path, in a folder that exists and that only we can write to. Nobody but uid can send to
// it (mode 0600, owned by uid; -1: our own user). A path left by a process that is gone is replaced; one that
// somebody still reads, or that is no socket, is an error.
func Listen(path string, uid int) (*Socket, error) { return listen(path, uid) }

// Restore takes over a socket that Listen bound to path, perhaps in another process, from a duplicate of it (see File).
// It owns f from here on, also on error.
func Restore(path string, f *os.File) (*Socket, error) { return restore(path, f) }

// Path is what the worker finds in NOTIFY_SOCKET.
func (s *Socket) Path() string { return s.path }

// File is a duplicate for somebody who keeps the socket open in our place. The caller closes it.
func (s *Socket) File() (*os.File, error) { return s.duplicate() }

// Receive waits for one datagram. The error is io.EOF after Close, a *RefusedError if only this datagram is bad (go on
// with the next), and anything else if the socket is of no more use.
func (s *Socket) Receive() (Message, error) { return s.receive() }

// Close ends Receive and unlinks the path if it is still ours. Messages not yet received are lost. A second Close does nothing.
func (s *Socket) Close() error {
	var err error
	s.close.Do(func() {
		s.closed.Store(true)
		if now, e := os.Lstat(s.path); e == nil && s.made != nil && os.SameFile(s.made, now) {
			err = os.Remove(s.path)
		}
		if e := s.file.Close(); e != nil {
			err = e
		}
	})
	return err
}
