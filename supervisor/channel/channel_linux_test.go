package channel

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

func line(b []byte) bool { return bytes.Contains(b, []byte("ready\n")) }

func open(t *testing.T, c dialect.Channel) (*os.File, *os.File) {
	t.Helper()
	ours, theirs, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := fdpass.ToFile(theirs, "worker's end")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { worker.Close() })
	if ours != nil {
		t.Cleanup(func() { ours.Close() })
	}
	return ours, worker
}

func write(t *testing.T, f *os.File, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if _, err := f.WriteString(piece); err != nil {
			t.Fatal(err)
		}
	}
}

// again is another descriptor of the same end, as the keeper has one.
func again(t *testing.T, f *os.File) *os.File {
	t.Helper()
	d, err := fdpass.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	file, err := fdpass.ToFile(d, "held")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestListen has each kind of channel say its word in the ways in which that can come.
func TestListen(t *testing.T) {
	tests := map[string]struct {
		kind   dialect.ChannelKind
		pieces []string
		want   int
	}{
		"pipe":                  {dialect.PipeOut, []string{"ready\n"}, 1},
		"pipe in pieces":        {dialect.PipeOut, []string{"rea", "dy", "\n"}, 1},
		"pipe twice":            {dialect.PipeOut, []string{"ready\n", "ready\n"}, 1},
		"pipe after much":       {dialect.PipeOut, []string{strings.Repeat("x", 3*glance) + "ready\n"}, 1},
		"pipe that says else":   {dialect.PipeOut, []string{"no\n"}, 0},
		"stream":                {dialect.Stream, []string{"ready\n"}, 1},
		"stream in pieces":      {dialect.Stream, []string{"hello\nre", "ady", "\nmore"}, 1},
		"stream after much":     {dialect.Stream, []string{strings.Repeat("x", 3*glance), "ready\n"}, 1},
		"stream with nothing":   {dialect.Stream, nil, 0},
		"datagram":              {dialect.Datagram, []string{"ready\n"}, 1},
		"datagrams, one of all": {dialect.Datagram, []string{"no", "", "ready\n", "more"}, 1},
		"datagrams, in pieces":  {dialect.Datagram, []string{"rea", "dy\n"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := dialect.Channel{Kind: tt.kind, Said: line}
			ours, worker := open(t, c)
			count := 0
			ended := make(chan error)
			go func() { ended <- Listen(ours, c, func() { count++ }) }()
			write(t, worker, tt.pieces...)
			worker.Close()
			Finish(ours)
			if err := <-ended; err != nil || count != tt.want {
				t.Errorf("ready %d times, want %d, %v", count, tt.want, err)
			}
		})
	}
}

// TestListenLeavesTheWord checks that whoever is killed before all is saved leaves it to the next.
func TestListenLeavesTheWord(t *testing.T) {
	for _, kind := range []dialect.ChannelKind{dialect.PipeOut, dialect.Stream, dialect.Datagram} {
		t.Run(kind.String(), func(t *testing.T) {
			c := dialect.Channel{Kind: kind, Said: line}
			ours, worker := open(t, c)
			held := again(t, ours)
			write(t, worker, "ready\n")
			killed, stay := make(chan struct{}), make(chan struct{})
			go func() { _ = Listen(ours, c, func() { close(killed); <-stay }) }()
			<-killed
			count := 0
			Finish(held)
			if err := Listen(held, c, func() { count++ }); err != nil || count != 1 {
				t.Errorf("ready %d times, %v", count, err)
			}
			close(stay)
		})
	}
}

// TestListenKeepsALine checks that the beginning of a line is not lost with who has seen it.
func TestListenKeepsALine(t *testing.T) {
	c := dialect.Channel{Kind: dialect.Stream, Said: line}
	ours, worker := open(t, c)
	held := again(t, ours)
	write(t, worker, "first\nrea")
	Finish(ours)
	if err := Listen(ours, c, func() { t.Error("half a word") }); err != nil {
		t.Fatal(err)
	}
	write(t, worker, "dy\n")
	worker.Close()
	count := 0
	if err := Listen(held, c, func() { count++ }); err != nil || count != 1 {
		t.Errorf("ready %d times, %v", count, err)
	}
}

// TestListenDrains checks that a worker that goes on talking does not block, whatever it says.
func TestListenDrains(t *testing.T) {
	for _, kind := range []dialect.ChannelKind{dialect.PipeOut, dialect.Stream, dialect.Datagram} {
		for name, ready := range map[string]func(){"ready before": nil, "not ready": func() { t.Error("said nothing of the kind") }} {
			t.Run(kind.String()+", "+name, func(t *testing.T) {
				c := dialect.Channel{Kind: kind, Said: line}
				ours, worker := open(t, c)
				ended := make(chan error)
				go func() { ended <- Listen(ours, c, ready) }()
				for range 500 {
					write(t, worker, strings.Repeat("x", 1000)+"\n")
				}
				ours.Close()
				if err := <-ended; !errors.Is(err, os.ErrClosed) {
					t.Error(err)
				}
			})
		}
	}
}

// TestListenHearsAWriterInMidWrite: more than the pipe holds in one blocking write, after something was there. Nobody wakes a poller then.
func TestListenHearsAWriterInMidWrite(t *testing.T) {
	c := dialect.Channel{Kind: dialect.PipeOut, Said: line}
	ours, worker := open(t, c)
	ready := make(chan struct{})
	go func() { _ = Listen(ours, c, func() { close(ready) }) }()
	write(t, worker, "words", strings.Repeat("x", 200<<10)+"ready\n")
	<-ready
}

func TestContent(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "a line": "hello", "more than a pipe": strings.Repeat("0123456789", 20<<10)} {
		t.Run(name, func(t *testing.T) {
			ours, worker := open(t, dialect.Channel{Kind: dialect.Content, Content: []byte(text)})
			if got, err := io.ReadAll(worker); err != nil || string(got) != text || ours != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	_, _, err := Open(dialect.Channel{Kind: dialect.Content, Content: make([]byte, 1<<31)})
	if err == nil || !strings.HasPrefix(err.Error(), "cannot make a channel to the worker (content): ") {
		t.Errorf("two gigabytes: %v", err)
	}
}

// TestTheirsBlocks checks that a worker has an end as programs expect it, and we one that waits in the poller.
func TestTheirsBlocks(t *testing.T) {
	for _, kind := range []dialect.ChannelKind{dialect.PipeOut, dialect.Stream, dialect.Datagram} {
		ours, theirs, err := Open(dialect.Channel{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		flags := func(fd int) int {
			n, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			if err != nil {
				t.Fatal(err)
			}
			return n & unix.O_NONBLOCK
		}
		raw, err := ours.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		_ = raw.Control(func(fd uintptr) {
			if flags(int(fd)) == 0 {
				t.Errorf("%s: our end blocks", kind)
			}
		})
		_ = theirs.Use(func(fd int) error {
			if flags(fd) != 0 {
				t.Errorf("%s: the worker's end does not block", kind)
			}
			return nil
		})
		ours.Close()
		theirs.Close()
	}
}

func FuzzListen(f *testing.F) {
	f.Add([]byte("ready\n"), byte(0))
	f.Add([]byte("re\x00ady\nready\n"), byte(1))
	f.Add([]byte(""), byte(2))
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		b = b[:min(len(b), 32<<10)]
		c := dialect.Channel{Kind: dialect.ChannelKind(kind % 3), Said: line}
		ours, worker := open(t, c)
		if _, err := worker.Write(b); err != nil {
			t.Fatal(err)
		}
		worker.Close()
		Finish(ours)
		count := 0
		if err := Listen(ours, c, func() { count++ }); err != nil {
			t.Error(err)
		}
		if want := line(b); c.Kind != dialect.Datagram && want != (count == 1) {
			t.Errorf("ready %d times, want %t", count, want)
		}
	})
}
