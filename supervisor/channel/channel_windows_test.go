package channel

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

func line(b []byte) bool { return bytes.Contains(b, []byte("ready\n")) }

func open(t *testing.T) (ours, worker *os.File) {
	t.Helper()
	ours, theirs, err := Open(dialect.Channel{Kind: dialect.PipeOut})
	if err != nil {
		t.Fatal(err)
	}
	worker, err = fdpass.ToFile(theirs, "worker's end")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		worker.Close()
		ours.Close()
	})
	return ours, worker
}

func write(t *testing.T, f *os.File, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if _, err := f.WriteString(piece); err != nil {
			t.Error(err)
		}
	}
}

// listen gives how often the worker was ready, when that is over.
func listen(ours *os.File, said func([]byte) bool) chan int {
	ended := make(chan int, 1)
	count := 0
	go func() {
		if err := Listen(ours, dialect.Channel{Kind: dialect.PipeOut, Said: said}, func() { count++ }); err != nil {
			count = -1
		}
		ended <- count
	}()
	return ended
}

func TestListen(t *testing.T) {
	tests := map[string]struct {
		pieces []string
		want   int
	}{
		"at once":    {[]string{"ready\n"}, 1},
		"in pieces":  {[]string{"rea", "dy", "\n"}, 1},
		"twice":      {[]string{"ready\n", "ready\n"}, 1},
		"after much": {[]string{strings.Repeat("x", 3*glance) + "ready\n"}, 1},
		"else":       {[]string{"no\n"}, 0},
		"nothing":    {nil, 0},
	}
	for name, tt := range tests {
		t.Run(name+", last writer gone", func(t *testing.T) {
			ours, worker := open(t)
			ended := listen(ours, line)
			write(t, worker, tt.pieces...)
			worker.Close()
			if got := <-ended; got != tt.want {
				t.Errorf("ready %d times, want %d", got, tt.want)
			}
		})
		t.Run(name+", finished", func(t *testing.T) {
			ours, worker := open(t)
			write(t, worker, tt.pieces...) // before anybody listens: it fits
			Finish(ours)
			if got := <-listen(ours, line); got != tt.want {
				t.Errorf("ready %d times, want %d", got, tt.want)
			}
		})
	}
}

// TestFinishWhileItWaits: somebody else has the worker's end still open.
func TestFinishWhileItWaits(t *testing.T) {
	ours, worker := open(t)
	ended := listen(ours, line)
	write(t, worker, "ready\n")
	Finish(ours)
	if got := <-ended; got != 1 {
		t.Errorf("ready %d times", got)
	}
}

// TestListenDrains checks that a worker that goes on talking does not block, whatever it says.
func TestListenDrains(t *testing.T) {
	for name, said := range map[string]func([]byte) bool{"nobody waits": nil, "not ready": func([]byte) bool { return false }, "ready": line} {
		t.Run(name, func(t *testing.T) {
			ours, worker := open(t)
			ended := listen(ours, said)
			write(t, worker, "ready\n")
			for range 500 {
				write(t, worker, strings.Repeat("x", 1000)+"\n")
			}
			worker.Close()
			if got, want := <-ended, 0; got != want && name != "ready" {
				t.Errorf("ready %d times", got)
			}
		})
	}
}

func TestCloseEndsListen(t *testing.T) {
	ours, _ := open(t)
	ended := make(chan error)
	go func() { ended <- Listen(ours, dialect.Channel{Kind: dialect.PipeOut, Said: line}, func() {}) }()
	ours.Close()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestOtherKinds(t *testing.T) {
	for _, kind := range []dialect.ChannelKind{dialect.Stream, dialect.Datagram, dialect.Content} {
		if _, _, err := Open(dialect.Channel{Kind: kind}); err == nil || !strings.HasPrefix(err.Error(), "cannot make a channel to the worker (") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
