package notify

import (
	"errors"
	"os"
	"sync"
)

// Socket is the NOTIFY_SOCKET of one worker. The one who called Listen or Restore owns it and closes it.
// It is safe for concurrent use, but for Peek, Discard and Receive, which belong to one goroutine.
type Socket struct {
	path  string
	close sync.Once
	state // what it is on this system
}

// Place is where the socket of a worker with this runtime folder is to be: beside it, and on Windows a pipe of a name that nobody guesses.
func Place(folder string) string { return place(folder) }

// Listen binds a datagram socket to path, in a folder that exists and that only we can write to. Nobody but uid can send to
// it (mode 0600, owned by uid; -1: our own user). A path left by a process that is gone is replaced; one that
// somebody still reads, or that is no socket, is an error.
//
// On Windows path is that of a named pipe, \\.\pipe\NAME, and uid means nothing: workers are of our own user. A worker opens it as a file
// and writes; what it writes at once is a message.
func Listen(path string, uid int) (*Socket, error) { return listen(path, uid) }

// Restore takes over a socket that Listen bound to path, perhaps in another process, from a duplicate of it (see File).
// It owns f from here on, also on error.
func Restore(path string, f *os.File) (*Socket, error) { return restore(path, f) }

// Path is what the worker finds in NOTIFY_SOCKET.
func (s *Socket) Path() string { return s.path }

// File is a duplicate for somebody who keeps the socket open in our place. The caller closes it. Windows has no such thing
// (errors.ErrUnsupported), nor anybody to keep it.
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
func (s *Socket) Finish() { s.finish() }

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
	s.close.Do(func() { err = s.end() })
	return err
}
