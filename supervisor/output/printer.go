package output

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// patience is how long a writer may block before lines are dropped.
const patience = 5 * time.Second

// Printer writes lines of many workers to one place, each with one Write and never mixed: "app.2 | text", "app.2/1 | text" once
// the service has several workers. Prefixes are aligned. It is safe for concurrent use. See the package about
// what happens when the place is slow, stuck or gone.
type Printer struct {
	w io.Writer

	turn chan struct{} // holds one token while a line is formatted and written
	buf  []byte        // belongs to the one who has the turn

	style   style
	stalled atomic.Bool  // a write is out for longer than patience
	dropped atomic.Int64 // lines since the last one written
	gone    atomic.Bool  // nobody will ever read (EPIPE)
	err     atomic.Pointer[error]
}

// NewPrinter prints to w, which stays the caller's. colour colours the prefixes and takes w for a terminal (see SetTerminal).
func NewPrinter(w io.Writer, colour bool) *Printer {
	return &Printer{
		w:     w,
		turn:  make(chan struct{}, 1),
		style: style{colour: colour, terminal: colour, workers: map[string]int{}},
	}
}

// SetTerminal says whether w is a terminal, for one without colours or colours without one. Control characters of workers are
// shown in caret form on a terminal only. Call it before the first Print.
func (p *Printer) SetTerminal(on bool) { p.style.terminal = on }

// Expect tells the number of workers of a service before its first line, so that prefixes are aligned and complete from the
// start. Without it the Printer learns from the lines.
func (p *Printer) Expect(service string, workers int) { p.style.expect(service, workers) }

// Err is the first error of the writer, nil if there was none.
func (p *Printer) Err() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Print writes one line and returns when it is written, dropped, or on its way for longer than five seconds.
func (p *Printer) Print(line Line) {
	if p.gone.Load() {
		return
	}
	if !p.take() {
		p.dropped.Add(1)
		return
	}
	p.buf = p.format(p.buf[:0], line)
	p.write()
}

// take waits for the turn.
func (p *Printer) take() bool {
	select {
	case p.turn <- struct{}{}:
		return true
	default:
	}
	if p.stalled.Load() {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case p.turn <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// format says first how many lines before this one were dropped.
func (p *Printer) format(b []byte, line Line) []byte {
	if n := p.dropped.Swap(0); n > 0 {
		b = fmt.Appendf(b, "(%d lines of workers dropped: the output was blocked)\n", n)
	}
	return p.style.line(b, line)
}

// write returns after patience although a blocked write cannot be called off; then the turn is passed on when it ends.
func (p *Printer) write() {
	done := make(chan error, 1)
	go func() {
		_, err := p.w.Write(p.buf)
		done <- err
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		p.end(err)
	case <-timer.C:
		p.stalled.Store(true)
		go func() {
			err := <-done
			p.stalled.Store(false)
			p.end(err)
		}()
	}
}

func (p *Printer) end(err error) {
	if err != nil {
		p.err.CompareAndSwap(nil, &err)
		if isGone(err) || errors.Is(err, io.ErrClosedPipe) {
			p.gone.Store(true)
		}
	}
	<-p.turn
}
