package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// Patient is a Client whose calls outlive the manager that answers them. A manager may be killed, crash or be replaced at any time;
// the keeper holds the control socket, and what was begun the next manager carries on. So a call whose answer breaks off is not
// over: Patient finds out at the next manager what became of it, and gives the answer that the first one would have given. What
// the first one never took in is given again, once.
//
// Its methods are those of the Client with the same names, whose errors they give. ErrGone means here that there is no next
// manager: supervise has ended. It is safe for concurrent use.
type Patient struct {
	client   *Client
	replaced func()
	wait     waiting
}

// NewPatient makes a Patient of c, which stays the caller's to close. replaced, unless it is nil, is called when the answer to a call
// that changes something has broken off, before the next manager is asked.
func NewPatient(c *Client, replaced func()) *Patient {
	if replaced == nil {
		replaced = func() {}
	}
	return &Patient{client: c, replaced: replaced, wait: waiting{pause: 20 * time.Millisecond, longest: 500 * time.Millisecond, all: time.Minute}}
}

// waiting is how a Patient waits for the next manager. The socket is there all the time: whoever connects waits in its backlog. Only
// a manager that takes the connection and ends makes another attempt necessary.
type waiting struct {
	pause   time.Duration // after the first attempt; doubled after each
	longest time.Duration
	all     time.Duration // in which one manager has to answer
}

// again calls try until it gives something else than ErrGone. Its context ends with the patience.
func (p *Patient) again(ctx context.Context, try func(ctx context.Context) error) error {
	silent := fmt.Errorf("supervise's manager was replaced, and the next one did not answer within %s (its log tells why)", p.wait.all)
	limited, cancel := context.WithTimeoutCause(ctx, p.wait.all, silent)
	defer cancel()
	for pause := p.wait.pause; ; pause = min(2*pause, p.wait.longest) {
		err := try(limited)
		if err == nil || !Gone(err) && limited.Err() == nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-limited.Done():
			return context.Cause(limited)
		}
	}
}

// next is again after an answer that has broken off: nobody at the socket means that supervise itself has ended.
func (p *Patient) next(ctx context.Context, try func(ctx context.Context) error) error {
	return ended(p.again(ctx, try))
}

func ended(err error) error {
	if nobody := (*UnreachableError)(nil); errors.As(err, &nobody) {
		return fmt.Errorf("%w: %v", ErrGone, err)
	}
	return err
}

// Status gives the named services, all without names.
func (p *Patient) Status(ctx context.Context, names []string) (s supervisor.Status, err error) {
	err = p.again(ctx, func(ctx context.Context) (err error) {
		s, err = p.client.Status(ctx, names)
		return err
	})
	return s, err
}

// Brief is Status without the connections of workers.
func (p *Patient) Brief(ctx context.Context, names []string) (s supervisor.Status, err error) {
	err = p.again(ctx, func(ctx context.Context) (err error) {
		s, err = p.client.Brief(ctx, names)
		return err
	})
	return s, err
}

// Hold makes the clients of a listener wait. To do it twice does no harm.
func (p *Patient) Hold(ctx context.Context, listener string) error {
	return p.again(ctx, func(ctx context.Context) error { return p.client.Hold(ctx, listener) })
}

// Release ends Hold.
func (p *Patient) Release(ctx context.Context, listener string) error {
	return p.again(ctx, func(ctx context.Context) error { return p.client.Release(ctx, listener) })
}

// Signal sends a signal to all workers of the current generation. It is not given again: a signal that comes twice may be one too many.
func (p *Patient) Signal(ctx context.Context, name, signal string) error {
	err := p.client.Signal(ctx, name, signal)
	if Gone(err) {
		return fmt.Errorf("cannot tell whether the signal was sent: %w", err)
	}
	return err
}

// Events hands out the recorded events. With follow it goes on with every new one, of the next manager too, until ctx ends (nil),
// supervise has ended (nil) or emit fails. No event is handed out twice.
func (p *Patient) Events(ctx context.Context, follow bool, emit func(supervisor.Event) error) error {
	return p.eventsAfter(ctx, time.Time{}, follow, func() {}, emit)
}

// eventsAfter is Events without those up to a time. begun is called when a manager begins to tell them.
func (p *Patient) eventsAfter(ctx context.Context, from time.Time, follow bool, begun func(), emit func(supervisor.Event) error) error {
	seen := newMarks[struct{}](from)
	return p.stream(ctx, follow, func(ctx context.Context) error {
		seen.again()
		return p.client.events(ctx, follow, begun, func(e supervisor.Event) error {
			if !seen.fresh(struct{}{}, e.Time) {
				return nil
			}
			return emit(e)
		})
	})
}

// speaker is who prints lines: what is read of one is in the order of time.
type speaker struct {
	service            string
	generation, worker int
}

// Logs hands out the last n lines of a service, of all when it is "", and goes on like Events. The next manager knows the lines
// that came while there was none.
func (p *Patient) Logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error {
	var seen *marks[speaker] // nil before the first line, of the first manager
	began, again := time.Now(), false
	return p.stream(ctx, follow, func(ctx context.Context) error {
		if again {
			n = maxLines // all that there is, but nothing that is older than the first line shown
			if seen == nil {
				seen = newMarks[speaker](began)
			}
			seen.again()
		}
		again = true
		return p.client.logs(ctx, service, n, follow, func(l output.Line) error {
			if seen == nil {
				seen = newMarks[speaker](l.Time.Add(-1))
			}
			if !seen.fresh(speaker{l.Service, l.Generation, l.Worker}, l.Time) {
				return nil
			}
			return emit(l)
		})
	})
}

// stream repeats a stream that has broken off. read is given up when no manager takes it up in time, and never while one does.
func (p *Patient) stream(ctx context.Context, follow bool, read func(ctx context.Context) error) error {
	err := read(ctx)
	for Gone(err) && ctx.Err() == nil {
		err = p.next(ctx, func(ctx context.Context) error {
			_, err := p.client.Version(ctx)
			return err
		})
		if Gone(err) && follow {
			return nil
		}
		if err == nil {
			err = ended(read(ctx))
		}
	}
	return called(ctx, err)
}

// shownLines is how many of a failed worker's lines an error carries.
const shownLines = 12

// lastLines are those that a generation of a service has printed. That they cannot be had hides no error.
func (p *Patient) lastLines(ctx context.Context, service string, generation int) (texts []string) {
	if generation == 0 {
		return nil
	}
	_ = p.client.Logs(ctx, service, maxLines, false, func(l output.Line) error {
		if l.Generation == generation {
			texts = append(texts, l.Text)
		}
		return nil
	})
	return texts[max(0, len(texts)-shownLines):]
}
