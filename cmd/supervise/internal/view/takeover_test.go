package view

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// TestStepsWithNote: the manager is replaced in the middle of a rollout.
func TestStepsWithNote(t *testing.T) {
	for name, terminal := range map[string]bool{"note-plain.txt": false, "note-live.txt": true} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			v := NewSteps(&b, Paint{On: terminal}, terminal, "app", start)
			for i, e := range rollout(false) {
				if i == 2 {
					v.Note("supervise's manager was replaced", at(0.2))
				}
				v.Event(e)
			}
			v.Done(nil, at(2))
			golden(t, name, b.String())
		})
	}
}

// TestStepsOfUpgrade are not of a service.
func TestStepsOfUpgrade(t *testing.T) {
	e := func(s float64, kind, message string) supervisor.Event {
		return supervisor.Event{Time: at(s), Kind: kind, Message: message}
	}
	for name, terminal := range map[string]bool{"upgrade-plain.txt": false, "upgrade-live.txt": true} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			v := NewSteps(&b, Paint{}, terminal, "upgrade", start)
			v.Event(e(0, supervisor.KindUpgradeTry, `trying whether "/usr/bin/supervise" can go on from here`))
			v.Tick(at(0.1))
			v.Event(e(0.2, supervisor.KindTakenOver, "taken over from the manager before: 2 services"))
			v.Event(e(0.25, supervisor.KindUpgraded, "supervise upgraded to version v2"))
			v.Done(nil, at(0.3))
			golden(t, name, b.String())
		})
	}
}

// TestNoteBeforeTheFirstStep draws no step that there is not.
func TestNoteBeforeTheFirstStep(t *testing.T) {
	var b strings.Builder
	v := NewSteps(&b, Paint{}, true, "app", start)
	v.Note("replaced", at(1))
	v.Tick(at(1).Add(time.Second))
	if got := b.String(); !strings.HasSuffix(got, "1.0s\n") || strings.Contains(got, "start") {
		t.Errorf("%q", got)
	}
}
