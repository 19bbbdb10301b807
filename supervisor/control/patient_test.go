package control

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// TestEventsGoOn with the next manager, whose journal is its own, and end with supervise.
func TestEventsGoOn(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(running(4))
	one := event("one", "")
	first.become(running(4), one)
	second.become(running(4), one, event("two", "")) // a manager that has the events of the one before would do no harm
	h.follow(first, second)
	var got []string
	err := h.patient.Events(t.Context(), true, func(e supervisor.Event) error {
		switch got = append(got, e.Kind); e.Kind {
		case "one":
			first.kill()
		case "two":
			second.become(running(4), event("three", ""))
		case "three":
			go second.stop()
		}
		return nil
	})
	if d := cmp.Diff([]string{"one", "two", "three"}, got); d != "" || err != nil {
		t.Error(err, d)
	}
}

// TestLogsGoOn: the next manager knows the lines of the one before, and of the time between them.
func TestLogsGoOn(t *testing.T) {
	now := time.Now()
	at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
	all := []output.Line{
		line(at(1), 1, 0, "never shown"), line(at(2), 1, 0, "a"), line(at(3), 1, 1, "b"),
		line(at(4), 1, 0, "c"), line(at(4), 1, 1, "d"), line(at(5), 2, 0, "e"),
	}
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(running(4))
	first.lines, second.lines = all[1:3], all
	h.follow(first, second)
	var got []string
	ctx, cancel := context.WithCancel(t.Context())
	err := h.patient.Logs(ctx, "app", 2, true, func(l output.Line) error {
		switch got = append(got, l.Text); l.Text {
		case "b":
			first.kill()
		case "e":
			cancel()
		}
		return nil
	})
	if d := cmp.Diff([]string{"a", "b", "c", "d", "e"}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	if want := `logs "app" 100000 true`; !slices.Contains(second.called(), want) {
		t.Errorf("%q", second.called())
	}
}

// TestLogsFromNowOn: none of the lines that were there shows up with the next manager.
func TestLogsFromNowOn(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(running(4))
	second.lines = []output.Line{line(time.Now().Add(-time.Hour), 1, 0, "old"), line(time.Now().Add(time.Hour), 1, 0, "new")}
	h.follow(first, second)
	first.following = first.kill
	found := errors.New("found")
	err := h.patient.Logs(t.Context(), "app", 0, true, func(l output.Line) error {
		if l.Text == "old" {
			t.Error("an old line")
		}
		return found
	})
	if err != found {
		t.Error(err)
	}
}

// TestStreamsOfNobody: the first connection tells a dead socket, a later one the end.
func TestStreamsOfNobody(t *testing.T) {
	h := newHouse(t)
	only := newManager(running(4))
	only.become(running(4), event("one", ""))
	h.follow(only)
	err := h.patient.Events(t.Context(), true, func(supervisor.Event) error {
		h.socket.Close()
		only.kill()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	var nobody *UnreachableError
	if err := h.patient.Events(t.Context(), true, nil); !errors.As(err, &nobody) {
		t.Error(err)
	}
	if err := h.patient.Logs(t.Context(), "", 1, false, nil); !errors.As(err, &nobody) {
		t.Error(err)
	}
	if _, err := h.patient.Status(t.Context(), nil); !errors.As(err, &nobody) {
		t.Error(err)
	}
}

// TestStreamThatFails gives the error of its reader, whoever is gone.
func TestStreamThatFails(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(running(4))
	first.become(running(4), event("one", ""))
	second.become(running(4), event("two", ""))
	h.follow(first, second)
	full := errors.New("disk full")
	err := h.patient.Events(t.Context(), true, func(e supervisor.Event) error {
		if e.Kind == "one" {
			first.kill()
			return nil
		}
		return full
	})
	if err != full {
		t.Error(err)
	}
}

// TestSmallCallsAreGivenAgain where twice is as good as once.
func TestSmallCallsAreGivenAgain(t *testing.T) {
	for name, c := range map[string]struct {
		give func(p *Patient, ctx context.Context) error
		call string
	}{
		"hold":    {func(p *Patient, ctx context.Context) error { return p.Hold(ctx, "web") }, "hold web"},
		"release": {func(p *Patient, ctx context.Context) error { return p.Release(ctx, "web") }, "release web"},
		"status": {func(p *Patient, ctx context.Context) error {
			_, err := p.Status(ctx, nil)
			return err
		}, "status []"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			first, second := newManager(running(4)), newManager(running(4))
			first.before = first.kill
			h.follow(first, second)
			if err := c.give(h.patient, t.Context()); err != nil {
				t.Error(err)
			}
			if !slices.Contains(second.called(), c.call) {
				t.Errorf("%q", second.called())
			}
		})
	}
}

// TestSignalIsNotGivenAgain: two may be one too many.
func TestSignalIsNotGivenAgain(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(running(4))
	first.before = first.kill
	h.follow(first, second)
	err := h.patient.Signal(t.Context(), "app", "SIGHUP")
	if !Gone(err) || !strings.Contains(err.Error(), "cannot tell whether") {
		t.Error(err)
	}
	if _, err := h.patient.Status(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if slices.Contains(second.called(), "signal app SIGHUP") {
		t.Error("it was given again")
	}
}
