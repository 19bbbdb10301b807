//go:build linux || windows

package worker

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// receiver is a supervisor's end of NOTIFY_SOCKET, which it sets: next gives one message.
type receiver interface{ next(t *testing.T) string }

func TestNotify(t *testing.T) {
	c := newReceiver(t)
	for _, step := range []struct {
		tell func() error
		want string
	}{
		{Ready, "READY=1"},
		{func() error { return Status("47 of 48 shards loaded") }, "STATUS=47 of 48 shards loaded"},
		{tellStopping, "STOPPING=1"},
	} {
		if err := step.tell(); err != nil {
			t.Fatal(err)
		}
		if got := c.next(t); got != step.want {
			t.Errorf("told %q, want %q", got, step.want)
		}
	}
}

func TestReloading(t *testing.T) {
	c := newReceiver(t)
	if err := Reloading(); err != nil {
		t.Fatal(err)
	}
	var usec int64
	got := c.next(t)
	if n, err := fmt.Sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%d", &usec); n != 1 || err != nil || usec <= 0 {
		t.Errorf("told %q", got)
	}
}

func TestNotifyUnsupervised(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	for _, tell := range []func() error{Ready, Reloading, func() error { return Status("x") }} {
		if err := tell(); err != nil {
			t.Errorf("without a supervisor: %v", err)
		}
	}
}

func TestNotifyErrors(t *testing.T) {
	if err := Status("one\nREADY=1"); err == nil {
		t.Error("a status smuggles in a second message")
	}
	t.Setenv("NOTIFY_SOCKET", "relative/path")
	if err := Ready(); err == nil || !strings.Contains(err.Error(), `at "relative/path": not `+namedHow) {
		t.Errorf("relative NOTIFY_SOCKET: %v", err)
	}
	os.Setenv("NOTIFY_SOCKET", nobody(t))
	if err := Ready(); err == nil || !strings.Contains(err.Error(), "cannot notify the supervisor: ") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestStoppingByParent(t *testing.T) {
	c := newReceiver(t)
	parent, cancel := context.WithCancel(t.Context())
	ctx := Stopping(parent)
	cancel()
	<-ctx.Done()
	if got := c.next(t); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}
