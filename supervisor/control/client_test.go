package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

func testContext() context.Context { return context.Background() }

func TestEveryVerbArrives(t *testing.T) {
	f := &fake{
		changes: config.Changes{Control: true},
		events:  []supervisor.Event{{Kind: "reload", Message: "one"}},
		lines:   []output.Line{{Service: "app", Worker: 1, Text: "hello \"<&>\""}},
	}
	c, _ := serve(t, f)
	ctx := t.Context()
	var kinds []string
	report := func(e supervisor.Event) { kinds = append(kinds, e.Kind) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	status, err := c.Status(ctx, []string{"app"})
	must(err)
	if status.KeeperPID != 7 || status.Config != "app.hcl" {
		t.Errorf("status %+v", status)
	}
	must(c.Restart(ctx, "app", report))
	must(c.Start(ctx, "app", nil))
	must(c.Stop(ctx, "app", report))
	must(c.Scale(ctx, "app", 3, report))
	must(c.Signal(ctx, "app", "SIGUSR1"))
	must(c.Hold(ctx, "web"))
	must(c.Release(ctx, "web"))
	_, err = c.Reload(ctx, report)
	must(err)
	var events []supervisor.Event
	must(c.Events(ctx, false, func(e supervisor.Event) error { events = append(events, e); return nil }))
	var lines []output.Line
	must(c.Logs(ctx, "app", 12, false, func(l output.Line) error { lines = append(lines, l); return nil }))

	want := []string{`status ["app"]`, "restart app", "start app", "stop app", "scale to 3 app", "signal app SIGUSR1", "hold web",
		"release web", "reload", "events false", `logs "app" 12 false`}
	if d := cmp.Diff(want, f.called()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"rollout.start", "rollout.ready", "rollout.start", "rollout.ready", "rollout.start", "rollout.ready", "reload"}, kinds); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(f.events, events); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(f.lines, lines); d != "" {
		t.Error(d)
	}
}

func TestFailureArrives(t *testing.T) {
	f := &fake{run: func(_ context.Context, report func(supervisor.Event)) error {
		report(supervisor.Event{Kind: supervisor.KindStart})
		return &supervisor.RolloutError{Service: "app", Generation: 2, Kept: 1, Reason: "it exited with status 3", Output: []string{"a", "b"}}
	}}
	c, _ := serve(t, f)
	err := c.Restart(t.Context(), "app", nil)
	var failed *Error
	if !errors.As(err, &failed) || failed.Result.Code != CodeFailed || len(failed.Result.Output) != 2 || failed.Status != 200 {
		t.Errorf("got %#v", err)
	}
	err = c.Stop(t.Context(), "apq", nil)
	if !errors.As(err, &failed) || failed.Result.Code != CodeUsage || failed.Status != 404 || failed.Result.Known[0] != "app" {
		t.Errorf("got %#v", err)
	}
}

// TestStrangerAnswers is a socket where something else listens.
func TestStrangerAnswers(t *testing.T) {
	for name, text := range map[string]string{
		"not HTTP":    "220 mail.example ESMTP\r\n",
		"not JSON":    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"other error": "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nhello",
		"hangs up":    "",
	} {
		t.Run(name, func(t *testing.T) {
			c := NewClient(say(t, text))
			defer c.Close()
			if _, err := c.Status(t.Context(), nil); err == nil {
				t.Error("status was understood")
			}
			if err := c.Restart(t.Context(), "app", nil); err == nil {
				t.Error("restart was understood")
			}
		})
	}
}

// TestSuperviseGoesAway cuts an answer before its result.
func TestSuperviseGoesAway(t *testing.T) {
	c := NewClient(say(t, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"event\":{\"kind\":\"rollout.start\",\"time\":\"2026-01-01T00:00:00Z\",\"message\":\"\"}}\n"))
	defer c.Close()
	var kinds []string
	err := c.Restart(t.Context(), "app", func(e supervisor.Event) { kinds = append(kinds, e.Kind) })
	if !errors.Is(err, ErrGone) || len(kinds) != 1 {
		t.Errorf("%v after %q", err, kinds)
	}
}

// say listens and gives every client the same text.
func say(t *testing.T, text string) string {
	l := listenHere(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			bufio.NewReader(conn).ReadString('\n')
			fmt.Fprint(conn, text)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestFollowEndsWithContext(t *testing.T) {
	f := &fake{more: make(chan supervisor.Event, 1)}
	c, _ := serve(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	f.more <- supervisor.Event{Message: "x"}
	if err := c.Events(ctx, true, func(supervisor.Event) error { cancel(); return nil }); err != nil {
		t.Error(err)
	}
}

func TestFollowEndsWithServer(t *testing.T) {
	f := &fake{more: make(chan supervisor.Event, 1)}
	c, s := serve(t, f)
	f.more <- supervisor.Event{Message: "y"}
	err := c.Events(t.Context(), true, func(supervisor.Event) error {
		go s.Close(t.Context())
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCommandLineOfCurl(t *testing.T) {
	c, _ := serve(t, &fake{})
	conn, err := Dial(t.Context(), c.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// As curl -X POST sends it, without a body and with the type of a form.
	fmt.Fprint(conn, "POST /v1/services/app/restart HTTP/1.1\r\nHost: supervise\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n")
	var results int
	for sc := bufio.NewScanner(conn); sc.Scan(); {
		var m Message
		if json.Unmarshal(sc.Bytes(), &m) == nil && m.Result != nil {
			results++
		}
	}
	if results != 1 {
		t.Errorf("%d results", results)
	}
	if _, err := c.Version(t.Context()); err != nil {
		t.Error(err)
	}
}
