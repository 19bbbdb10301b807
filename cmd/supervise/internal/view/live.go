package view

import (
	"fmt"
	"io"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// live redraws the last line; what is done stays above it.
//
//	app
//	  ✓ start     generation 2 is being started (overlap)   0.0s
//	  ✓ ready     generation 2 is ready (4 workers)          0.8s
//	  ⠹ drain     2 of 4 workers are gone                    1.2s
type live struct {
	w     io.Writer
	paint Paint
	began time.Time
	frame int

	step string // the one that is going on; "" before the first
	text string
	generation, ready,
	exited int
	workers map[string]bool // the ones that were started, by generation and index
}

const (
	clearLine = "\r\x1b[K"
	tickEvery = 100 * time.Millisecond
)

// TickEvery is how often a live view wants Tick.
const TickEvery = tickEvery

func newLive(w io.Writer, p Paint, title string, now time.Time) *live {
	fmt.Fprintln(w, p.Bold(title))
	return &live{w: w, paint: p, began: now, workers: map[string]bool{}}
}

// Event ends the step before when a new one begins, and counts workers.
func (v *live) Event(e supervisor.Event) {
	step := stepName(e.Kind)
	switch {
	case e.Kind == supervisor.KindRollback || e.Kind == supervisor.KindWorkerFailed:
		v.permanent(v.paint.Bad("✗"), step, EventText(e), e.Time)
		v.step = ""
	case e.Worker != nil:
		v.count(e)
	case step == "":
	default:
		v.finish(e.Time)
		v.step, v.text = step, Clean(e.Message)
		if isPoint(e.Kind) {
			v.finish(e.Time)
		}
	}
	v.Tick(e.Time)
}

// Note stands above the step that is going on.
func (v *live) Note(text string, now time.Time) {
	v.permanent(v.paint.Warn("!"), "note", text, now)
	v.Tick(now)
}

// stepName is how a step is called; "" for what is none.
func stepName(kind string) string {
	switch kind {
	case supervisor.KindStart, supervisor.KindServiceStarted:
		return "start"
	case supervisor.KindReady:
		return "ready"
	case supervisor.KindBake:
		return "bake"
	case supervisor.KindCanary:
		return "canary"
	case supervisor.KindPromote:
		return "promote"
	case supervisor.KindKeep:
		return "keep"
	case supervisor.KindDrain:
		return "drain"
	case supervisor.KindRetire:
		return "retire"
	case supervisor.KindRollback:
		return "rollback"
	case supervisor.KindServiceStopped:
		return "stop"
	case supervisor.KindServiceScaled:
		return "scale"
	case supervisor.KindReloadBegin, supervisor.KindReload, supervisor.KindReloadFailed:
		return "reload"
	case supervisor.KindUpgradeTry:
		return "try"
	case supervisor.KindTakenOver:
		return "takeover"
	case supervisor.KindUpgraded, supervisor.KindUpgradeFailed:
		return "upgrade"
	case supervisor.KindWorkerFailed, supervisor.KindWorkerUnhealthy, supervisor.KindWorkerBackoff:
		return "worker"
	}
	return ""
}

// isPoint is a step that takes no time.
func isPoint(kind string) bool {
	switch kind {
	case supervisor.KindReady, supervisor.KindPromote, supervisor.KindKeep, supervisor.KindRetire, supervisor.KindServiceStopped, supervisor.KindReload, supervisor.KindTakenOver, supervisor.KindUpgraded:
		return true
	}
	return false
}

func (v *live) count(e supervisor.Event) {
	if e.Generation > v.generation && e.Kind == supervisor.KindWorkerStarted {
		v.generation, v.ready, v.exited = e.Generation, 0, 0
		clear(v.workers)
	}
	key := fmt.Sprint(e.Generation, "/", *e.Worker)
	switch e.Kind {
	case supervisor.KindWorkerStarted:
		v.workers[key] = true
		v.text = fmt.Sprintf("%d of %d workers ready", v.ready, len(v.workers))
	case supervisor.KindWorkerReady:
		v.ready++
		v.text = fmt.Sprintf("%d of %d workers ready", v.ready, max(len(v.workers), v.ready))
	case supervisor.KindWorkerExited, supervisor.KindWorkerKilled:
		v.exited++
		v.text = fmt.Sprintf("%d workers of the former generation gone", v.exited)
	}
	if v.step == "" {
		v.step = "wait"
	}
}

// Tick draws the step that is going on.
func (v *live) Tick(now time.Time) {
	if v.step == "" {
		return
	}
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	v.frame = (v.frame + 1) % len(frames)
	fmt.Fprint(v.w, clearLine+v.line(v.paint.Warn(string(frames[v.frame])), v.step, short(v.text), now))
}

// short keeps a line that is drawn again and again within 80 columns: a wrapped one could not be cleared.
func short(s string) string {
	const most = 48
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// finish makes the current step permanent.
func (v *live) finish(now time.Time) {
	if v.step != "" {
		v.permanent(v.paint.Good("✓"), v.step, v.text, now)
	}
	v.step = ""
}

func (v *live) permanent(mark, step, text string, now time.Time) {
	fmt.Fprintln(v.w, clearLine+v.line(mark, step, text, now))
}

func (v *live) line(mark, step, text string, now time.Time) string {
	elapsed := max(now.Sub(v.began), 0).Seconds()
	return fmt.Sprintf("  %s %-8s  %-48s %s", mark, step, text, v.paint.Faint(fmt.Sprintf("%6.1fs", elapsed)))
}

// Done says how it ended.
func (v *live) Done(err error, now time.Time) {
	if err == nil {
		v.finish(now)
		v.permanent(v.paint.Good("✓"), v.paint.Bold("done"), "", now)
		return
	}
	if v.step != "" {
		v.permanent(v.paint.Bad("✗"), v.step, v.text, now)
	}
	v.step = ""
}
