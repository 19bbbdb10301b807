package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Steps shows an operation on one service while it goes on.
type Steps interface {
	// Event shows one step.
	Event(supervisor.Event)
	// Note shows something that is no step, in its place among them.
	Note(text string, now time.Time)
	// Tick shows that time goes on.
	Tick(now time.Time)
	// Done ends the view; the error itself is for the caller to show.
	Done(err error, now time.Time)
}

// NewSteps gives a live view for a terminal, and otherwise one line for each step.
func NewSteps(w io.Writer, p Paint, terminal bool, title string, now time.Time) Steps {
	if terminal {
		return newLive(w, p, title, now)
	}
	return &plain{w: w}
}

// plain prints "app: generation 2 is ready (4 workers)".
type plain struct{ w io.Writer }

func (v *plain) Event(e supervisor.Event)      { fmt.Fprintln(v.w, EventText(e)) }
func (v *plain) Note(text string, _ time.Time) { fmt.Fprintln(v.w, text) }
func (v *plain) Tick(time.Time)                {}
func (v *plain) Done(err error, _ time.Time)   {}

// EventText is an event as one line, without its time.
func EventText(e supervisor.Event) string {
	var b strings.Builder
	switch {
	case e.Service != "" && e.Worker != nil:
		fmt.Fprintf(&b, "%s.%d/%d: ", e.Service, e.Generation, *e.Worker)
	case e.Service != "":
		b.WriteString(e.Service + ": ")
	case e.Listener != "":
		fmt.Fprintf(&b, "listener %s: ", e.Listener)
	}
	b.WriteString(e.Message)
	if e.PID != 0 {
		fmt.Fprintf(&b, " (pid %d)", e.PID)
	}
	if e.Error != "" {
		b.WriteString(": " + e.Error)
	}
	return OneLine(b.String())
}
