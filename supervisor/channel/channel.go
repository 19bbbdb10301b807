package channel

import (
	"fmt"
	"os"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

const (
	// glance is how much is looked at at once, in bytes: words of readiness are short.
	glance = 4 << 10
	// memory is how much of what was taken out is remembered, in bytes.
	memory = 4 << 10
)

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Open makes a channel of a kind. The caller owns both ends. Ours waits in Go's poller; it is nil for dialect.Content, which the worker
// reads until its end. Theirs is blocking, as programs expect it.
func Open(c dialect.Channel) (ours *os.File, theirs *fdpass.Descriptor, err error) {
	switch c.Kind {
	case dialect.PipeOut:
		ours, theirs, err = fdpass.Pipe()
	case dialect.Content:
		theirs, err = content(c.Content)
	default:
		ours, theirs, err = pair(c.Kind == dialect.Datagram)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a channel to the worker (%s): %w", c.Kind, err)
	}
	return ours, theirs, nil
}

// Listen takes in what comes out of ours, the end that Open gave, perhaps in another process. It calls ready when c.Said says so of it, once; a
// nil ready means that it has been called before. It ends with the last writer, when ours is closed, or after Finish. There must
// be one listener at a time; ours stays the caller's.
func Listen(ours *os.File, c dialect.Channel, ready func()) error {
	l := &listener{kind: c.Kind, said: c.Said, ready: ready}
	if c.Said == nil {
		l.ready = nil
	}
	return l.listen(ours)
}

// Finish has Listen take in what is there and end: for a worker that is gone.
func Finish(ours *os.File) { _ = ours.SetReadDeadline(past) }
