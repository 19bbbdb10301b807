package supervisor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// elder listens as another program would: this process.
func elder(t *testing.T) string {
	t.Helper()
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // which is another kind of socket
	l, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// TestProcStopTheOther: who is told to stop the program that serves has one that serves in its place, and not before.
func TestProcStopTheOther(t *testing.T) {
	text := func(more, listeners string) string {
		return more + fmt.Sprintf(`service "app" {
			command   = ["SELF", "worker", "wait"]
			listeners = %s
			ready {
				when     = "exec"
				command  = ["SELF", "worker", "exists", "DIR/ready"]
				interval = "10ms"
			}
		}`, listeners)
	}
	listener := func(name, from string) string {
		return fmt.Sprintf("listener %q {\n address = \"tcp://%s\"\n %s\n}\n", name, elder(t), from)
	}
	first := listener("web", fmt.Sprintf("take_from = \"pid:%d\"", os.Getpid()))
	r := newRig(t, text(first, `["web"]`))
	var before []Event
	taken := r.awaitEvent(func(e Event) bool { return e.Kind == KindListenerTaken })
	if !strings.Contains(taken.Message, "do not stop that one before a service is ready here") || strings.Contains(taken.Message, "blocking") {
		t.Errorf("said %q", taken.Message)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
	_ = r.m.Events(t.Context(), false, func(e Event) error { before = append(before, e); return nil })
	for _, e := range before {
		if e.Kind == KindListenerServed {
			t.Errorf("said before: %q", e.Message)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	served := r.awaitEvent(func(e Event) bool { return e.Kind == KindListenerServed && e.Listener == "web" })
	if want := fmt.Sprintf("served beside process %d (", os.Getpid()); !strings.HasPrefix(served.Message, want) || !strings.HasSuffix(served.Message, ": stop the other one by its graceful signal") {
		t.Errorf("said %q", served.Message)
	}

	r.started()
	r.rewrite(text(first+listener("admin", ""), `["web", "admin"]`))
	var kinds []string
	_, err := r.m.Take(t.Context(), map[string]config.TakeFrom{"admin": {Kind: "pid", PID: os.Getpid()}}, func(e Event) {
		if e.Listener == "admin" {
			kinds = append(kinds, e.Kind)
		}
	})
	if err != nil || strings.Join(kinds, " ") != KindListenerTaken+" "+KindListenerServed {
		t.Errorf("who takes is told %q, %v", kinds, err)
	}
}

func TestServedText(t *testing.T) {
	for want, c := range map[string]registry.Taken{
		"served beside process 7 (nginx): stop the other one by kill -QUIT 7":        {From: "process 7 (nginx)", PID: 7},
		"served beside process 7 (own): stop the other one by its graceful signal":   {From: "process 7 (own)", PID: 7},
		"served beside HAProxy at /s: stop the other one by its graceful signal":     {From: "HAProxy at /s"},
		"served beside process 7 (haproxy): stop the other one by kill -USR1 7":      {From: "process 7 (haproxy)", PID: 7},
		"served beside process 7 (a (b)): stop the other one by its graceful signal": {From: "process 7 (a (b))", PID: 7},
	} {
		if got := servedText(c); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
