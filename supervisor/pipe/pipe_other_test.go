//go:build !windows

package pipe

import (
	"errors"
	"os"
	"testing"
)

func TestElsewhere(t *testing.T) {
	_, listen := Listen(Path("app"), Options{})
	_, receive := Receive(Path("app"), 10)
	_, user := User()
	_, available := Available(os.Stdin)
	for _, err := range []error{listen, receive, user, available} {
		if !errors.Is(err, errUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	if Account("S-1-5-18") != "S-1-5-18" {
		t.Error("a name")
	}
}
