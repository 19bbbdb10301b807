//go:build !windows

package control

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for path, want := range map[string]string{
		filepath.Join(dir, "none.sock"): "no such socket",
		dead:                            "nobody listens",
	} {
		_, err := NewClient(path).Status(t.Context(), nil)
		var u *UnreachableError
		if !errors.As(err, &u) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
