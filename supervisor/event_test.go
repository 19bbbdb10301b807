package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
)

func messages(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Message)
	}
	return strings.Join(out, " ")
}

func TestJournal(t *testing.T) {
	j := newJournal()
	at := j.position()
	for i := range 3 {
		j.publish(Event{Message: fmt.Sprint(i)})
	}
	events, next, _ := j.since(at)
	if got := messages(events); got != "0 1 2" {
		t.Errorf("events %q", got)
	}
	if events, _, _ := j.since(next); len(events) != 0 {
		t.Errorf("events %v after the last", events)
	}
}

// TestJournalOverflow checks that a reader that comes too late gets the newest events, in order, and none twice.
func TestJournalOverflow(t *testing.T) {
	j := newJournal()
	const all = 3*journalLength + 7
	for i := range all {
		j.publish(Event{Generation: i})
	}
	events, next, _ := j.since(0)
	if len(events) != journalLength || next != all {
		t.Fatalf("%d events, next %d", len(events), next)
	}
	for i, e := range events {
		if e.Generation != all-journalLength+i {
			t.Fatalf("event %d is number %d", i, e.Generation)
		}
	}
}

func TestJournalFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		j.publish(Event{Message: "before"})
		ctx, cancel := context.WithCancel(t.Context())
		var got []Event
		done := make(chan error, 1)
		go func() { done <- j.follow(ctx, 0, nil, func(e Event) error { got = append(got, e); return nil }) }()
		synctest.Wait()
		j.publish(Event{Message: "after"})
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || messages(got) != "before after" {
			t.Errorf("got %q, %v", messages(got), err)
		}
		broken := errors.New("broken pipe")
		if err := j.follow(t.Context(), 0, nil, func(Event) error { return broken }); err != broken {
			t.Errorf("error %v", err)
		}
	})
}

func TestErrorTexts(t *testing.T) {
	r := &RolloutError{Service: "app", Generation: 3, Reason: "it exited", Output: []string{"a", "b"}, Kept: 2}
	want := "cannot roll out generation 3 of service \"app\": it exited; generation 2 goes on\nlast lines of its output:\n  | a\n  | b"
	if d := cmp.Diff(want, r.Text()); d != "" {
		t.Error(d)
	}
	if got := (&RolloutError{Service: "app", Generation: 1, Reason: "x"}).Text(); got != `cannot roll out generation 1 of service "app": x` {
		t.Error(got)
	}
	excerpt := &RolloutError{Service: "app", Generation: 3, Reason: "env:1: no \"=\"\n    Write NAME=VALUE.", Kept: 2}
	if d := cmp.Diff("cannot roll out generation 3 of service \"app\"; generation 2 goes on:\nenv:1: no \"=\"\n    Write NAME=VALUE.", excerpt.Error()); d != "" {
		t.Error(d)
	}
	if got := (&StartError{Service: "app", Reason: "x"}).Error(); got != `cannot start service "app": x; it is tried again` {
		t.Error(got)
	}
	if got := (&NotFoundError{Kind: "service", Name: "x"}).Error(); got != `there is no service "x": there are none` {
		t.Error(got)
	}
}

// TestLogEvent checks that every kind has a level and that facts that are not there are left out.
func TestLogEvent(t *testing.T) {
	var b bytes.Buffer
	log := hclog.New(&hclog.LoggerOptions{Output: &b, Level: hclog.Debug, DisableTime: true})
	index := 0
	logEvent(log, Event{Kind: KindWorkerFailed, Service: "app", Generation: 2, Worker: &index, PID: 7, Error: "bad", Message: "worker failed"})
	logEvent(log, Event{Kind: KindListenerHeld, Listener: "web", Message: "new connections wait"})
	logEvent(log, Event{Kind: KindNotSteered, Service: "app", Generation: 2, Error: "bad", Message: "not sent"})
	logEvent(log, Event{Kind: KindRollback, Service: "app", Generation: 2, Error: "bad", Message: "generation 2 failed"})
	logEvent(log, Event{Kind: KindRollback, Service: "app", Generation: 2, Error: byHand, Message: "generation 2 is given up"})
	want := "[ERROR] worker failed: service=app generation=2 worker=0 pid=7 error=bad\n[INFO]  new connections wait: listener=web\n" +
		"[WARN]  not sent: service=app generation=2 error=bad\n" +
		"[ERROR] generation 2 failed: service=app generation=2 error=bad\n[INFO]  generation 2 is given up: service=app generation=2 reason=\"rolled back by hand\"\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// TestEventsBeforeAnswers checks that whoever is answered can have heard of all that led to it. Nobody takes the answers here, so what
// comes behind them does not come.
func TestEventsBeforeAnswers(t *testing.T) {
	t.Run("canary", func(t *testing.T) {
		onSteered(t, steeredConfig(t, ""), always(manners{}), func(b *bench, k *kernel) {
			b.booted(k)
			reply := make(chan error)
			b.s.post(func() {
				b.s.accept(&operation{kind: opRestart, canary: &config.Canary{Share: 0.1}, replies: []chan error{reply}})
			})
			if got := b.kinds(); !slices.Contains(got, KindCanary+".2") {
				t.Errorf("told before the answer: %q", got)
			}
			if err := <-reply; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("start that fails", func(t *testing.T) {
		r := always(manners{readyAfter: time.Hour})
		onBench(t, `ready { when = "notify" }`, r, func(b *bench) {
			reply := make(chan error)
			b.s.post(func() { b.s.accept(&operation{kind: opStart, replies: []chan error{reply}}) })
			synctest.Wait()
			r.process(0).exits(1)
			if got := b.kinds(); !slices.Contains(got, KindWorkerBackoff+".1") {
				t.Errorf("told before the answer: %q", got)
			}
			if err := <-reply; err == nil {
				t.Error("a start that failed is a success")
			}
		})
	})
}
