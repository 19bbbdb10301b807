package pipe

import (
	"errors"
	"net"
	"testing"
)

func TestIsPath(t *testing.T) {
	for path, want := range map[string]bool{
		`\\.\pipe\app`: true, `\\.\PIPE\app`: true, Path("app"): true, Random("x-"): true, `\\.\pipe\`: false, "": false, "/run/app.sock": false, `\\host\pipe\app`: false, "app": false,
	} {
		if IsPath(path) != want {
			t.Errorf("IsPath(%q) is %t", path, !want)
		}
	}
	if a, b := Random("x-"), Random("x-"); a == b {
		t.Errorf("%s twice", a)
	}
}

// TestNobodyListens: the error is that of a dial on every system.
func TestNobodyListens(t *testing.T) {
	c, err := Dial(t.Context(), Random("supervise-test-"))
	var op *net.OpError
	if c != nil || !errors.As(err, &op) || op.Op != "dial" || op.Net != "pipe" {
		t.Errorf("%v, %v", c, err)
	}
}
