//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestRuntimeDirIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c.run")
	if _, err := makeRuntimeDir(dir); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "app.1.0.notify")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := makeRuntimeDir(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left is still there: %v", err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("mode %v, %v", info.Mode(), err)
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
	if err := os.Chmod(made, 0o777); err != nil {
		t.Fatal(err)
	}
	if ownFolder(made, 0o700) == nil {
		t.Error("others may write to it")
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(base, link); err != nil {
		t.Fatal(err)
	}
	if ownFolder(link, 0o700) == nil {
		t.Error("it is a link")
	}
	if os.Geteuid() == 0 {
		other := filepath.Join(base, "other")
		if err := os.Mkdir(other, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(other, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if ownFolder(other, 0o700) == nil {
			t.Error("it is another user's")
		}
	}
}

func TestControlGroup(t *testing.T) {
	for name, want := range map[string]int{"": -1, "root": 0, "1234": 1234, "no-such-group": -1, "-5": -1} {
		if got := controlGroup(config.Control{Group: name}); got != want {
			t.Errorf("controlGroup(%q) = %d", name, got)
		}
	}
}
