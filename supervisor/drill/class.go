package drill

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
)

// class is how one attempt ended.
type class int

const (
	ok class = iota
	refused
	reset
	eof
	timeout
	other
	numClasses
)

func (c class) String() string {
	return [numClasses]string{"ok", "refused", "reset", "eof", "timeout", "other"}[c]
}

// errnos of each class; what they are called differs between systems.
type errnos struct{ refused, reset, timeout []syscall.Errno }

// classify goes by errno and sentinel, never by text.
func classify(err error) class {
	var errno syscall.Errno
	hasErrno := errors.As(err, &errno)
	switch {
	case err == nil:
		return ok
	case hasErrno && slices.Contains(lossErrnos.refused, errno):
		return refused
	case hasErrno && slices.Contains(lossErrnos.reset, errno):
		return reset
	case hasErrno && slices.Contains(lossErrnos.timeout, errno), isTimeout(err):
		return timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return eof
	}
	return other
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// isLocal: the client ran out of something of its own; the server has not heard of the attempt.
func isLocal(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(localErrnos, errno)
}

// words drops the addresses that net.OpError adds: they differ with every port.
func words(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}
