package worker

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// stopEvent is a supervisor's event.
type stopEvent struct {
	name string
	h    windows.Handle
}

func newStopEvent(t *testing.T) stopEvent {
	t.Helper()
	e := stopEvent{name: `Local\supervise-` + rand.Text()}
	name, err := windows.UTF16PtrFromString(e.name)
	if err != nil {
		t.Fatal(err)
	}
	if e.h, err = windows.CreateEvent(nil, 1, 0, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { windows.CloseHandle(e.h) })
	return e
}

func (e stopEvent) env() string { return "STOP_EVENT=" + e.name }

func (e stopEvent) set(t *testing.T) {
	t.Helper()
	if err := windows.SetEvent(e.h); err != nil {
		t.Fatal(err)
	}
}

// childStop stops when it is asked to, and lives on until its input ends.
func childStop(in *bufio.Scanner) error {
	ctx := Stopping(context.Background())
	fmt.Println("running")
	<-ctx.Done()
	fmt.Println("stopping:", ctx.Err())
	in.Scan()
	fmt.Println("over")
	return nil
}

func TestProcStopEvent(t *testing.T) {
	event := newStopEvent(t)
	p := startChild(t, "stop", []string{event.env()})
	if got := p.line(); got != "running" {
		t.Fatal(got)
	}
	event.set(t)
	if got := p.line(); got != "stopping: context canceled" {
		t.Error(got)
	}
	// With the event it ignores Ctrl-Break.
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.cmd.Process.Pid)); err != nil {
		t.Log("no Ctrl-Break:", err)
	}
	p.tell("end")
	if got := p.rest(); got != "over" {
		t.Errorf("after Ctrl-Break: %q", got)
	}
}

// TestStoppingEvents wants nothing left of the wait when parent is done, and no stop by an event that cannot be opened.
func TestStoppingEvents(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	event := newStopEvent(t)
	for _, value := range []string{"", event.name, `Local\supervise-nobody`, "a\x01\\b"} {
		os.Setenv("STOP_EVENT", value)
		parent, cancel := context.WithCancel(t.Context())
		ctx := Stopping(parent)
		if ctx.Err() != nil {
			t.Errorf("%q stops at once", value)
		}
		cancel()
		<-ctx.Done()
	}
	os.Unsetenv("STOP_EVENT")
}

func TestProcStopBreak(t *testing.T) {
	underWine(t, "Ctrl-Break does not reach a process group")
	p := startChild(t, "stop", nil)
	if got := p.line(); got != "running" {
		t.Fatal(got)
	}
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	if got := p.line(); !strings.HasPrefix(got, "stopping:") {
		t.Error(got)
	}
}

func childReady(*bufio.Scanner) error {
	fmt.Println(Ready(), Ready(), os.Getenv("READY_HANDLE") == "")
	return nil
}

func TestProcReadyHandle(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := startChild(t, "ready", []string{fmt.Sprint("READY_HANDLE=", w.Fd())}, w.Fd())
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || line != "\n" {
		t.Errorf("received %q, %v", line, err)
	}
	if got := p.rest(); got != "<nil> <nil> true" {
		t.Errorf("child: %q", got)
	}
	web := open(t, "tcp4", "127.0.0.1").Descriptor().Handle()
	for value, want := range map[string]string{
		fmt.Sprint(web): "", "0": "", "99996": "", "x": `parsing "x": invalid syntax`,
	} {
		p := startChild(t, "ready", []string{"READY_HANDLE=" + value})
		if got := p.rest(); !strings.HasPrefix(got, fmt.Sprintf("cannot say that the worker is ready over READY_HANDLE %q: ", value)) || !strings.Contains(got, want) {
			t.Errorf("%s: %q", value, got)
		}
	}
}
