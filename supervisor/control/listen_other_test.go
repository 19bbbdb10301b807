//go:build !windows

package control

import (
	"net"
	"path/filepath"
	"testing"
)

// listenHere is where a test's server listens. The caller closes it.
func listenHere(t *testing.T) timed {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "c.sock")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
