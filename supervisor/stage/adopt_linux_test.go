package stage

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
)

// wayOf makes a way for the notify descriptor, and the file of its other end for a stage.
func wayOf(t *testing.T) (ours *fdpass.Descriptor, theirs *os.File) {
	t.Helper()
	ours, d, err := adopt.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if theirs, err = fdpass.ToFile(d, "pair"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}

// The command runs under the filter, the way of the notify descriptor is closed, and privileges stay what they were.
func TestProcAdopt(t *testing.T) {
	ours, theirs := wayOf(t)
	p := Plan{Command: []string{"/bin/sh", "-c", "ls /proc/$$/fd; cat /proc/$$/status"}, Env: []string{path}, Numbers: []int{4}, Adopt: &Adopt{Number: 4}}
	if os.Geteuid() == 0 {
		p.UID, p.GID = ptr(uint32(nobody)), ptr(uint32(nobody))
	}
	p.Numbers = []int{1, 4}
	r, w := pipe(t)
	s := startStage(t, "stage", nil, []*os.File{w, theirs})
	w.Close()
	theirs.Close()
	if err := s.send(t, encode(t, p)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait()
	text := string(b)
	if fds := text[:strings.Index(text, "Name:")]; strings.TrimSpace(strings.ReplaceAll(fds, "\n", " ")) != "0 1 2" {
		t.Errorf("the command has descriptors %q", fds)
	}
	if mode := field(t, text, "Seccomp"); mode != "2" {
		t.Errorf("its mode of seccomp is %s", mode)
	}
	if nnp := field(t, text, "NoNewPrivs"); os.Geteuid() == 0 && nnp != "0" {
		t.Errorf("NoNewPrivs is %s", nnp)
	}
	held := 0
	d, err := adopt.Receive(t.Context(), ours, func(*fdpass.Descriptor) error { held++; return nil })
	if err != nil || held != 1 {
		t.Fatalf("held %d times, %v", held, err)
	}
	d.Close()
}

// Who asks for a command that cannot be run gets an end, not a wait.
func TestProcAdoptNothing(t *testing.T) {
	ours, theirs := wayOf(t)
	s := startStage(t, "stage", nil, []*os.File{theirs})
	theirs.Close()
	err := s.send(t, encode(t, Plan{Command: []string{"/bin/true"}, Numbers: []int{4}, Adopt: &Adopt{Number: 4}, Directory: "/no/such"}))
	s.cmd.Wait()
	var f *Failure
	if !errors.As(err, &f) {
		t.Errorf("got %v", err)
	}
	if _, err := adopt.Receive(t.Context(), ours, func(*fdpass.Descriptor) error { return nil }); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

// A descriptor that is no way is told, and the command not run.
func TestProcAdoptByNoWay(t *testing.T) {
	files := numbered(t, 1)
	s := startStage(t, "stage", nil, files)
	err := s.send(t, encode(t, Plan{Command: []string{"/bin/true"}, Numbers: []int{4}, Adopt: &Adopt{Number: 4}}))
	s.cmd.Wait()
	if err == nil || !strings.Contains(err.Error(), "cannot answer bind and listen: ") {
		t.Errorf("got %v", err)
	}
}

// Nobody is left to answer a command that takes supervise's own place.
func TestInPlaceAdoptsNothing(t *testing.T) {
	err := InPlace(Plan{Command: []string{"/bin/true"}, Numbers: []int{4}, Adopt: &Adopt{Number: 4}}, []int{0})
	if err == nil || !strings.Contains(err.Error(), "nobody is left to answer") {
		t.Errorf("got %v", err)
	}
}
