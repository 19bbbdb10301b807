//go:build !windows

package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// The default control socket goes by the last part of the file's name, and must not stand for a file of that name elsewhere.
func TestRunsWith(t *testing.T) {
	dir := t.TempDir()
	file, link, other := filepath.Join(dir, "a", "app.hcl"), filepath.Join(dir, "current.hcl"), filepath.Join(dir, "b", "app.hcl")
	for _, path := range []string{file, other} {
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "c.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := control.NewServer(control.Options{Config: file, GID: -1})
	go s.Serve(l)
	defer s.Close(t.Context())
	for config, refused := range map[string]bool{file: false, link: false, other: true, filepath.Join(dir, "gone", "app.hcl"): true} {
		err := (&app{config: config}).runsWith(socket)
		var exit *exitError
		if refused != (errors.As(err, &exit) && exit.code == codeNobody && strings.Contains(err.Error(), "runs "+file)) || !refused && err != nil {
			t.Errorf("%s: got %v", config, err)
		}
	}
	if err := (&app{config: other}).runsWith(filepath.Join(dir, "nobody.sock")); err != nil {
		t.Errorf("nobody answers: %v", err)
	}
}
