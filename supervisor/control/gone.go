package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// ErrGone means that supervise went away before it said how the operation ended.
var ErrGone = errors.New("supervise went away before it answered (see supervise status)")

// Gone is whether err says that the process that was asked ended before it had answered. Where the keeper is a process of its own
// it holds the control socket, and the next manager answers there.
func Gone(err error) bool { return errors.Is(err, ErrGone) }

// isHangUp is how the end of the other process shows: nothing more to read, a reset where it had not read all that was sent
// (unix(7)), or nobody to write to.
func isHangUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// broken says what it means that an answer could not be read to its end.
func (c *Client) broken(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == io.EOF:
		return ErrGone
	case isHangUp(err):
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return fmt.Errorf("cannot understand the answer of %s: %w", c.path, err)
}

// unlessGone makes the end of supervise no error.
func unlessGone(err error) error {
	if Gone(err) {
		return nil
	}
	return err
}
