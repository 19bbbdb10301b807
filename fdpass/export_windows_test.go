package fdpass

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// TestProcExport: a process that runs already gets a duplicate, and accepts from the same queue.
func TestProcExport(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	c := start(t, "import")
	info, err := Export(s.Descriptor(), c.Process.Pid)
	if err != nil || len(info) != ExportSize {
		t.Fatalf("%d bytes, %v", len(info), err)
	}
	if _, err := fmt.Fprintln(c.in, hex.EncodeToString(info)); err != nil {
		t.Fatal(err)
	}
	if got, want := c.line(t), "tcp4"+s.Address().String()[3:]; got != want {
		t.Errorf("the child has %s, not %s", got, want)
	}
	if got := served(t, s); got != strconv.Itoa(c.Process.Pid) {
		t.Errorf("answered by %s", got)
	}
}

// TestProcInherit: the value of the handle is the same in the child.
func TestProcInherit(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	h := s.Descriptor().Handle()
	if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
		t.Fatal(err)
	}
	c := start(t, fmt.Sprint("handle ", h), syscall.Handle(h))
	if got, want := c.line(t), "tcp4"+s.Address().String()[3:]; got != want {
		t.Errorf("the child has %s, not %s", got, want)
	}
	if got := served(t, s); got != strconv.Itoa(c.Process.Pid) {
		t.Errorf("answered by %s", got)
	}
}
