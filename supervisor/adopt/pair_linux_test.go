package adopt

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func held(*fdpass.Descriptor) error { return nil }

// sent makes a pair on which a stage has sent data with so many descriptors.
func sent(t *testing.T, data string, descriptors int) (ours, theirs *fdpass.Descriptor) {
	t.Helper()
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, ours, theirs)
	var rights []byte
	if descriptors > 0 {
		rights = unix.UnixRights(make([]int, descriptors)...) // standard input, several times
	}
	err = theirs.Use(func(fd int) error { return unix.Sendmsg(fd, []byte(data), rights, nil, 0) })
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

func TestReceive(t *testing.T) {
	ours, _ := sent(t, "\x00", 1)
	calls := 0
	d, err := Receive(t.Context(), ours, func(*fdpass.Descriptor) error { calls++; return nil })
	if err != nil || calls != 1 {
		t.Fatalf("held %d times, %v", calls, err)
	}
	_ = d.Close()
}

// What could not be held is still there for the next one.
func TestReceiveNotHeld(t *testing.T) {
	ours, _ := sent(t, "\x00", 1)
	full := errors.New("full")
	if _, err := Receive(t.Context(), ours, func(*fdpass.Descriptor) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	d, err := Receive(t.Context(), ours, held)
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
}

func TestReceiveEnd(t *testing.T) {
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, ours)
	_ = theirs.Close()
	if _, err := Receive(t.Context(), ours, held); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

func TestReceiveStopped(t *testing.T) {
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, ours, theirs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Receive(ctx, ours, held); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestReceiveGarbage(t *testing.T) {
	for descriptors, data := range []string{"no descriptor", "", "two of them"} {
		if data == "" {
			continue
		}
		ours, _ := sent(t, data, descriptors)
		if d, err := Receive(t.Context(), ours, held); err == nil {
			_ = d.Close()
			t.Errorf("%q was taken", data)
		}
	}
}

func TestPage(t *testing.T) {
	d, err := NewPage()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, d)
	p, unmap, err := mapPage(d)
	if err != nil {
		t.Fatal(err)
	}
	p.notice.id, p.notice.number = 7, 49
	for cookie := range uint64(maxOwn + 3) {
		p.remember(cookie + 1)
		p.remember(cookie + 1)
	}
	unmap()
	again, unmap, err := mapPage(d)
	if err != nil {
		t.Fatal(err)
	}
	defer unmap()
	if again.notice.id != 7 || again.notice.number != 49 {
		t.Errorf("the question is %+v", again.notice)
	}
	if again.isOwn(3) || !again.isOwn(4) || !again.isOwn(maxOwn+3) {
		t.Errorf("the sockets are %v", again.cookies)
	}
	again.clear()
	if again.notice != (notice{}) || !again.isOwn(4) {
		t.Errorf("%+v is left", again.notice)
	}
}

// What is no page, or no notify descriptor, is an error and no wait.
func TestServeNothing(t *testing.T) {
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	page, err := NewPage()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, ours, theirs, page)
	if err := Serve(t.Context(), Options{Notify: ours, Page: ours}); err == nil {
		t.Error("a socket is a page")
	}
	if err := theirs.Use(func(fd int) error { _, err := unix.Write(fd, []byte("x")); return err }); err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), Options{Notify: ours, Page: page}); err == nil {
		t.Error("a socket gives notifications")
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

func TestExplainFilter(t *testing.T) {
	for err, want := range map[error]string{
		nil: "", unix.EBUSY: "there can be only one", unix.EINVAL: "5.19", unix.ENOSYS: "CONFIG_SECCOMP_FILTER", unix.EPERM: "in a container", unix.ENOMEM: "cannot allocate",
	} {
		if got := explainFilter(err); (got == nil) != (want == "") || got != nil && !contains(got, want) {
			t.Errorf("%v: got %v", err, got)
		}
	}
	if got := look("memory", unix.EPERM); !contains(got, "CAP_SYS_PTRACE") {
		t.Errorf("got %v", got)
	}
	if got := look("memory", unix.ESRCH); !errors.Is(got, unix.ESRCH) {
		t.Errorf("got %v", got)
	}
}

func TestKind(t *testing.T) {
	for kind, want := range map[Kind]string{Bound: "bound", Listened: "listened", Unmanaged: "unmanaged", NotIntercepted: "not-intercepted", Refused: "refused", 0: "unknown", -1: "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("%d is %q", kind, got)
		}
	}
}
