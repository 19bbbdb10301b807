//go:build linux

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProcFaults: what the measurement would say of servers with faults. A zero in the table means something only then.
func TestProcFaults(t *testing.T) {
	bad := server{name: "bad", programs: []string{"python3"}, install: "python3", port: 8199}
	require(t, bad)
	built, err := build(t.Context(), here(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := options{clients: 4, connections: 200}
	for fault, want := range map[string]string{
		"none":            "",
		"backlog":         "",
		"no answer":       "",
		"second socket":   "after the start: 2 sockets listen on port",
		"deaf":            "a worker did not end on its stop signal and was killed",
		"closes listener": "after the start: no process of worker 0",
		`"`:               "cannot start: it ended before it was ready", // no HCL any more
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			faulty := built
			faulty.folder = withFault(t, fault)
			r, err := faulty.measure(t.Context(), bad, o, filepath.Join(t.TempDir(), "site"))
			if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
				t.Fatalf("%v; want %q", err, want)
			}
			if err != nil {
				return
			}
			if r.repaired != (fault == "backlog") || (r.Lost() > 0) != (fault == "no answer") || r.Attempts < o.connections {
				t.Errorf("repaired %v, %+v", r.repaired, r.Result)
			}
		})
	}
}

// withFault is a folder of servers with the one whose fault it is.
func withFault(t *testing.T, fault string) string {
	t.Helper()
	dir := t.TempDir()
	if err := copyFolder(dir, "testdata", "FAULT", fault); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestProcRun is the command as it is typed.
func TestProcRun(t *testing.T) {
	python := server{programs: []string{"python3"}, install: "python3"}
	require(t, python)
	var out, errs bytes.Buffer
	if err := run(t.Context(), &out, &errs, []string{"-restarts", "1", "-clients", "2", "-connections", "100", "python"}); err != nil {
		t.Errorf("%v\n%s", err, &errs)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[2], "| python | number in an argument | ") {
		t.Errorf("the table is\n%s", &out)
	}
	if err := run(t.Context(), &out, &errs, []string{"iis"}); err == nil {
		t.Error("a server that nobody knows was measured")
	}
	if err := run(t.Context(), &out, &errs, []string{"-restarts", "many"}); err == nil {
		t.Error("restarts that are no number")
	}
}

// TestMeasureAll says what is not installed and goes on after what cannot be measured.
func TestMeasureAll(t *testing.T) {
	var errs bytes.Buffer
	built := tools{folder: t.TempDir(), ports: newPorts(), supervise: filepath.Join(t.TempDir(), "none")}
	list := []server{
		{name: "absent", programs: []string{"no-such-program"}, install: "absent", port: 1},
		{name: "broken", install: "broken", port: 2},
	}
	rows, err := built.measureAll(t.Context(), list, options{}, t.TempDir(), &errs)
	if len(rows) != 0 || err == nil || !strings.HasPrefix(err.Error(), "cannot measure broken: ") {
		t.Errorf("%+v, %v", rows, err)
	}
	if want := "absent is not installed (apt-get install --no-install-recommends absent)\nbroken ...\n"; errs.String() != want {
		t.Errorf("%q, want %q", &errs, want)
	}
}

// TestBuild: what does not compile is shown.
func TestBuild(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "examples", "servers")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := build(t.Context(), folder, t.TempDir(), servers); err == nil || !strings.HasPrefix(err.Error(), "cannot build in ") {
		t.Error(err)
	}
}

// TestHere: the folder has what the programs need.
func TestHere(t *testing.T) {
	if _, err := fs.Stat(os.DirFS(here()), "gosrv/go.mod"); err != nil {
		t.Error(err)
	}
}
