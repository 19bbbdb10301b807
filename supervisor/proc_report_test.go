package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestProcStatusOfOne checks that the status of one service leaves out what belongs to others.
func TestProcStatusOfOne(t *testing.T) {
	r := newRig(t, app+`
		listener "extra" { address = "tcp://127.0.0.1:0" }
		service "other" {
			command   = ["SELF", "worker", "wait"]
			listeners = ["extra"]
			ready { settle = "10ms" }
		}`).started()
	st, err := r.m.Status(t.Context(), []string{"other"})
	if err != nil || len(st.Services) != 1 || len(st.Listeners) != 1 || st.Listeners[0].Name != "extra" {
		t.Errorf("status %+v, %v", st, err)
	}
	if err := r.m.Stop(t.Context(), "other", nil); err != nil {
		t.Fatal(err)
	}
	if st := r.status(); len(st.Listeners) != 2 || st.Listeners[1].Services[0] != "other" {
		t.Errorf("listeners while stopped: %+v", st.Listeners)
	}
}

// TestProcLostEnvironmentFile checks that the reason is told as the worker's, not as that of a hook which is not there.
func TestProcLostEnvironmentFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "env")
	if err := os.WriteFile(file, []byte("A=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, `service "app" {
		command           = ["SELF", "worker", "wait"]
		environment_files = ["`+filepath.ToSlash(file)+`"]
		ready { settle = "10ms" }
	}`).started()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	err := r.restart("app")
	var rolledBack *RolloutError
	if !errors.As(err, &rolledBack) || !strings.Contains(rolledBack.Reason, strconv.Quote(file)) || strings.Contains(err.Error(), "hook") || rolledBack.Kept != 1 {
		t.Errorf("error %v", err)
	}
}

// TestProcNothingGoesOn checks that nobody is told that a generation goes on which has ended.
func TestProcNothingGoesOn(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "fail"]
		restart { when = "never" }
	}`)
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerExited || e.Kind == KindWorkerFailed })
	if err := r.restart("app"); err == nil || strings.Contains(err.Error(), "goes on") {
		t.Errorf("error %v", err)
	}
}
