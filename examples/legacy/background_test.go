//go:build linux

package legacy

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestProcBackground: what a program leaves in the background is its worker also for the next manager, and gets the signals.
func TestProcBackground(t *testing.T) {
	require(t, "nginx", "nginx-light")
	requireGroups(t)
	dir, port := t.TempDir(), freePort(t)
	daemon := servers[len(servers)-1]
	for _, name := range []string{"app.hcl", "nginx.conf"} {
		text, err := os.ReadFile(filepath.Join(daemon.name, name))
		if err != nil {
			t.Fatal(err)
		}
		// Nobody would wait that long for a signal that does not arrive.
		changed := strings.NewReplacer(strconv.Itoa(daemon.port), strconv.Itoa(port), `signal = "SIGKILL"`, "signal = \"SIGQUIT\"\n    timeout = \"1h\"\n  ", "stop { ", "stop {\n    ")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(changed.Replace(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, dir, port)
	first := s.worker("daemon", isReady)
	s.kill(func() {})
	if got, err := get(port); err != nil || !strings.HasSuffix(got, "hello from a daemon\n") {
		t.Errorf("got %q, %v", got, err)
	}
	if w := s.worker("daemon", isReady); w.PID != first.PID || w.Generation != 1 || w.LastExit != "" {
		t.Errorf("worker %+v, was %+v", w, first)
	}
	if err := s.client.Restart(t.Context(), "daemon", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Stop(t.Context(), "daemon", nil); err != nil {
		t.Fatal(err)
	}
}
