package worker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/windows"
)

// mailbox is a receiver: a pipe with a single instance, so that a second writer has to wait.
type mailbox struct {
	messages chan string
	over     sync.WaitGroup
}

func newReceiver(t *testing.T) receiver {
	t.Helper()
	name := nobody(t)
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateNamedPipe(path, windows.PIPE_ACCESS_INBOUND|windows.FILE_FLAG_FIRST_PIPE_INSTANCE, windows.PIPE_TYPE_BYTE, 1, 4096, 4096, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{messages: make(chan string, 100)}
	t.Setenv("NOTIFY_SOCKET", name)
	m.over.Go(func() { m.receive(h) })
	t.Cleanup(func() {
		_ = send(name, farewell)
		m.over.Wait()
		_ = windows.CloseHandle(h)
	})
	return m
}

// farewell ends the mailbox.
const farewell = "bye"

func (m *mailbox) receive(h windows.Handle) {
	for {
		err := windows.ConnectNamedPipe(h, nil)
		if err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) && !errors.Is(err, windows.ERROR_NO_DATA) {
			m.messages <- err.Error()
			return
		}
		message, err := io.ReadAll(reading(h))
		switch {
		case err != nil:
			m.messages <- err.Error()
			return
		case string(message) == farewell:
			return
		}
		m.messages <- string(message)
		_ = windows.DisconnectNamedPipe(h)
	}
}

// reading reads a pipe to the end of its client.
type reading windows.Handle

func (r reading) Read(b []byte) (int, error) {
	var n uint32
	err := windows.ReadFile(windows.Handle(r), b, &n, nil)
	if errors.Is(err, windows.ERROR_BROKEN_PIPE) {
		err = io.EOF
	}
	return int(n), err
}

func (m *mailbox) next(*testing.T) string { return <-m.messages }

// nobody is a name at which nobody receives.
func nobody(*testing.T) string { return pipePrefix + "supervise-test-" + rand.Text() }

// TestNotifyBusy has several writers at once, of which all but one find the pipe busy.
func TestNotifyBusy(t *testing.T) {
	const writers = 20
	c := newReceiver(t)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if err := Status(fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var got, want []string
	for i := range writers {
		got, want = append(got, c.next(t)), append(want, fmt.Sprint("STATUS=", i))
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("received %q", got)
	}
}

func TestNamed(t *testing.T) {
	for path, want := range map[string]bool{
		`\\.\pipe\x`: true, `\\.\PIPE\x`: true, `\\.\pipe\`: false, `\\server\pipe\x`: false, `C:\x`: false, `\\.\pipe`: false,
	} {
		if got := named(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if err := send("\\\\.\\pipe\\a\x00b", ""); err == nil {
		t.Error("a name with a zero byte")
	}
}
