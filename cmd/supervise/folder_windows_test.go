package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

func TestRuntimeDirIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c.run")
	if _, err := makeRuntimeDir(dir); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "app.1.0")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := makeRuntimeDir(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left is still there: %v", err)
	}
}

// TestForeignFolderIsNotEmptied: only a folder that supervise has made is its own.
func TestForeignFolderIsNotEmptied(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := makeRuntimeDir(dir); err == nil {
		t.Error("it was used")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestOwnFolder(t *testing.T) {
	base := t.TempDir()
	made := filepath.Join(base, "deep", "made")
	for range 2 {
		if err := ownFolder(made, 0o700); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(filepath.Join(made, "file"), nil, 0o600); err != nil {
		t.Error(err)
	}
	if err := ownFolder(filepath.Join(made, "file"), 0o700); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("a file: %v", err)
	}
}

func TestControlSID(t *testing.T) {
	for name, want := range map[string]string{"": "", "Administrators": "S-1-5-32-544", "S-1-5-32-545": "S-1-5-32-545", "no-such-group": "", "S-1-x": "", "-5": ""} {
		if got := controlSID(config.Control{Group: name}); got != want {
			t.Errorf("controlSID(%q) = %q", name, got)
		}
	}
}

// TestListenControl leaves a note, by which it is found, until it ends.
func TestListenControl(t *testing.T) {
	t.Setenv("LOCALAPPDATA", t.TempDir())
	t.Setenv("ProgramData", t.TempDir())
	path := pipe.Random("supervise-test-")
	l, err := listenControl(path, config.Control{Group: "S-1-5-32-545"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := onlySocket(self()); found != path || err != nil {
		t.Errorf("found %q, %v", found, err)
	}
	s := control.NewServer(control.Options{Config: `C:\a\app.hcl`, GID: -1})
	go s.Serve(l)
	for file, refused := range map[string]bool{`C:\a\app.hcl`: false, `C:\b\app.hcl`: true} {
		err := (&app{config: file}).runsWith(path)
		var exit *exitError
		if refused != (errors.As(err, &exit) && exit.code == codeNobody && strings.Contains(exit.hint, `"pipe://..."`)) || !refused && err != nil {
			t.Errorf("%s: got %v", file, err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(self().notePath(path)); !os.IsNotExist(err) {
		t.Errorf("the note is left: %v", err)
	}
	_, err = listenControl(path, config.Control{Group: "no such group"})
	if code, _, _ := verdict(err); code != codeConfig {
		t.Errorf("%d, %v", code, err)
	}
}

// TestNobodyThere: the exit code of a verb that finds nobody.
func TestNobodyThere(t *testing.T) {
	_, err := control.NewClient(pipe.Random("supervise-test-")).Version(t.Context())
	if code, text, _ := verdict(err); code != codeNobody || !strings.HasSuffix(text, "no such pipe (is it running?)") {
		t.Errorf("%d %s", code, text)
	}
}
