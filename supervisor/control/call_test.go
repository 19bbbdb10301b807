package control

import (
	"context"
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// event is one at a time of its own: the clock of Windows stands still for a while.
func event(kind, message string) supervisor.Event {
	at := time.Now().Round(0)
	for time.Now().Round(0).Equal(at) {
		runtime.Gosched()
	}
	return supervisor.Event{Time: at, Kind: kind, Service: "app", Message: message}
}

// stamped gives events times to come.
func stamped(events ...supervisor.Event) []supervisor.Event {
	for i := range events {
		events[i].Time = time.Now().Add(time.Hour + time.Duration(i)*time.Millisecond)
	}
	return events
}

// TestCallGoesOn: the first manager is killed in the middle, the second too, and the third finishes.
func TestCallGoesOn(t *testing.T) {
	h := newHouse(t)
	first, second, third := newManager(running(4)), newManager(rolling(4, 5, "start")), newManager(rolling(4, 5, "start"))
	first.run = first.dies(event(supervisor.KindStart, "begins"))
	h.follow(first, second, third)
	go func() {
		<-second.asked
		second.become(rolling(4, 5, "ready"), event(supervisor.KindReady, "is ready"))
		<-third.asked
		other := event(supervisor.KindReady, "of another service")
		other.Service = "db"
		third.become(rolling(4, 5, "drain"), other)
		<-third.asked
		third.become(running(5), event(supervisor.KindPromote, "is current"), event(supervisor.KindRetire, "is done"))
	}()
	var got []string
	err := h.patient.Restart(t.Context(), "app", func(e supervisor.Event) {
		switch got = append(got, e.Message); e.Message {
		case "begins":
			close(first.heard)
		case "is ready":
			second.kill()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"begins", "is ready", "is current", "is done"}, got); d != "" {
		t.Error(d)
	}
	if h.notes != 1 {
		t.Errorf("%d notes", h.notes)
	}
	for _, m := range []*manager{second, third} {
		if slices.Contains(m.called(), "restart app") {
			t.Error("it was given again")
		}
	}
}

// TestCallFails: the error is the one that the first manager would have given.
func TestCallFails(t *testing.T) {
	const why = `cannot roll out generation 5 of service "app": it crashed; generation 4 goes on`
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(rolledBack(running(4), 5, why))
	first.run = first.dies()
	second.lines = []output.Line{line(time.Unix(1, 0), 4, 0, "of the old one")}
	for i := range 20 {
		second.lines = append(second.lines, line(time.Unix(2, int64(i)), 5, 0, string(rune('a'+i))))
	}
	h.follow(first, second)
	err := h.patient.Restart(t.Context(), "app", nil)
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	want := Result{Error: why, Code: CodeFailed, Output: strings.Split("ijklmnopqrst", "")}
	if d := cmp.Diff(want, failure.Result); d != "" {
		t.Error(d)
	}
}

// TestCallIsGivenAgain: what left no trace was never taken in.
func TestCallIsGivenAgain(t *testing.T) {
	for verb, give := range verbs {
		t.Run(verb, func(t *testing.T) {
			h := newHouse(t)
			before := running(4)
			if verb == "start" {
				before = off
			}
			first, second := newManager(before), newManager(before)
			first.run = first.dies()
			h.follow(first, second)
			if err := give(h.patient, t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			for _, m := range []*manager{first, second} {
				n := len(slices.DeleteFunc(m.called(), func(c string) bool { return !strings.HasPrefix(c, verb) }))
				if n != 1 {
					t.Errorf("%d times in %q", n, m.called())
				}
			}
		})
	}
}

// TestCallIsGivenTwice and not a third time: it may be what ends them.
func TestCallIsGivenTwice(t *testing.T) {
	h := newHouse(t)
	first, second, third := newManager(running(4)), newManager(running(4)), newManager(running(4))
	first.run, second.run = first.dies(), second.dies()
	h.follow(first, second, third)
	err := h.patient.Restart(t.Context(), "app", nil)
	if err == nil || !strings.Contains(err.Error(), "replaced twice") {
		t.Error(err)
	}
	if slices.Contains(third.called(), "restart app") {
		t.Error("it was given a third time")
	}
}

// TestCallOutlivesNoSupervise: nobody listens any more.
func TestCallOutlivesNoSupervise(t *testing.T) {
	for verb, give := range verbs {
		t.Run(verb, func(t *testing.T) {
			h := newHouse(t)
			only := newManager(running(4))
			only.run = func(ctx context.Context, _ func(supervisor.Event)) error {
				h.socket.Close()
				return only.dies()(ctx, nil)
			}
			h.follow(only)
			err := give(h.patient, t.Context(), nil)
			var nobody *UnreachableError
			if !Gone(err) || errors.As(err, &nobody) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestCallOfNobody is no call at all: the error tells a dead socket.
func TestCallOfNobody(t *testing.T) {
	h := newHouse(t)
	h.socket.Close()
	for verb, give := range verbs {
		var nobody *UnreachableError
		if err := give(h.patient, t.Context(), nil); !errors.As(err, &nobody) {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// TestCallIsCalledOff while it follows.
func TestCallIsCalledOff(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(rolling(4, 5, "start"))
	first.run = first.dies()
	h.follow(first, second)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-second.asked
		cancel()
	}()
	if err := h.patient.Restart(ctx, "app", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCallEndsWithSupervise: the next manager stops everything while the call follows.
func TestCallEndsWithSupervise(t *testing.T) {
	h := newHouse(t)
	first, second := newManager(running(4)), newManager(rolling(4, 5, "start"))
	first.run = first.dies()
	h.follow(first, second)
	go func() {
		<-second.asked
		second.stop()
		h.socket.Close()
	}()
	if err := h.patient.Restart(t.Context(), "app", nil); !Gone(err) {
		t.Error(err)
	}
}

// TestPatienceEnds: connections are taken into the backlog and nobody ever answers.
func TestPatienceEnds(t *testing.T) {
	h := newHouse(t)
	only := newManager(running(4))
	only.run = only.dies()
	h.follow(only)
	h.patient.wait.all = 20 * time.Millisecond
	err := h.patient.Restart(t.Context(), "app", nil)
	if err == nil || !strings.Contains(err.Error(), "did not answer within 20ms") {
		t.Error(err)
	}
}

// TestReloadKeepsTheDifference that the first manager has told.
func TestReloadKeepsTheDifference(t *testing.T) {
	for name, c := range map[string]struct {
		told []supervisor.Event
		want []string
	}{
		"told":     {[]supervisor.Event{{Kind: supervisor.KindReloadBegin, Changes: []string{"~ service \"app\""}}}, []string{"~ service \"app\""}},
		"not told": {nil, []string{"the changed configuration is in force"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			first, second := newManager(running(4)), newManager(running(5))
			first.status.ConfigHash, second.status.ConfigHash = "a", "b"
			first.run = first.dies(c.told...)
			h.follow(first, second)
			got, err := h.patient.Reload(t.Context(), func(supervisor.Event) { close(first.heard) })
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Error(err, d)
			}
		})
	}
}

// TestWaysToBreakOff are those in which the end of the other side shows.
func TestWaysToBreakOff(t *testing.T) {
	for name, hangUp := range map[string]func(c net.Conn){
		"before it was read":  func(c net.Conn) { c.Read(make([]byte, 1)) }, // the rest makes it ECONNRESET
		"after it was read":   func(c net.Conn) { c.Read(make([]byte, 1<<16)) },
		"in the header":       func(c net.Conn) { c.Read(make([]byte, 1<<16)); c.Write([]byte("HTTP/1.1 200")) },
		"before a first line": func(c net.Conn) { c.Read(make([]byte, 1<<16)); c.Write([]byte(chunked)) },
		"within a line":       func(c net.Conn) { c.Read(make([]byte, 1<<16)); c.Write([]byte(chunked + "8\r\n{\"event\"\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			go func() {
				conn, err := h.socket.Accept()
				if err == nil {
					hangUp(conn)
					conn.Close()
				}
			}()
			if err := h.patient.client.Restart(t.Context(), "app", nil); !Gone(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
