package notify

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Socket is the NOTIFY_SOCKET of one worker. The one who called Listen or Restore owns it and closes it.
// It is safe for concurrent use, but for Peek, Discard and Receive, which belong to one goroutine.
type Socket struct {
	path string
	file *os.File    // in Go's poller: no thread and no wake-up while nothing comes
	made os.FileInfo // what the path was when we bound it; Close unlinks only that

	peeked   bool        // the queue begins with what Peek gave; owned by the reader
	finished atomic.Bool // Peek waits no more

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

// Peek waits for a datagram and leaves it in the queue: one who is killed before Discard leaves it to the next. The error is io.EOF
// after Close, a *RefusedError if only this datagram is bad (Discard it, too), and anything else if the socket is of no
// more use. Without Discard the next Peek gives the same message again. Its Barrier is a duplicate; the sender is
// released when that is closed and the message is discarded.
func (s *Socket) Peek() (Message, error) { return s.peek() }

// Discard takes the datagram of the last Peek out of the queue. It is an error if there was none.
func (s *Socket) Discard() error { return s.discard() }

// Finish has Peek give what is in the queue and then io.EOF: for a worker that is gone, and nobody else sends any more. One
// that waits already ends.
func (s *Socket) Finish() {
	s.finished.Store(true)
	_ = s.file.SetReadDeadline(time.Unix(1, 0))
}

// Receive is Peek and Discard.
func (s *Socket) Receive() (Message, error) {
	m, err := s.Peek()
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		return m, err
	}
	if lost := s.Discard(); lost != nil {
		m.Close()
		return Message{}, lost
	}
	return m, err
}

// Close ends Peek and unlinks the path if it is still ours. Messages not yet received are lost. A second Close does nothing.
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
