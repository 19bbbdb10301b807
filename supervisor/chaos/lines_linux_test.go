package chaos

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// numbered finds the number in a line of the worker. A manager that was killed in the middle of a write(2) leaves half a line, which
// the next line follows.
var numbered = regexp.MustCompile(`\| line (\d+)$`)

// sequence reads numbered lines. Some may come again, none may be missing.
type sequence struct {
	mu      sync.Mutex
	rest    []byte
	highest int
	again   int           // lines that came before
	missing []int         // lines that were followed by a higher one
	changed chan struct{} // closed and replaced when highest grows
}

func newSequence() *sequence { return &sequence{changed: make(chan struct{})} }

func (q *sequence) Write(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rest = append(q.rest, b...)
	for {
		line, rest, whole := bytes.Cut(q.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		q.rest = rest
		if m := numbered.FindSubmatch(line); m != nil {
			n, _ := strconv.Atoi(string(m[1]))
			q.see(n)
		}
	}
}

func (q *sequence) see(n int) {
	if n <= q.highest {
		q.again++
		return
	}
	for q.highest++; q.highest < n; q.highest++ {
		if len(q.missing) < 100 {
			q.missing = append(q.missing, q.highest)
		}
	}
	close(q.changed)
	q.changed = make(chan struct{})
}

// reach waits until line n was there.
func (q *sequence) reach(ctx context.Context, n int) error {
	for {
		q.mu.Lock()
		highest, changed := q.highest, q.changed
		q.mu.Unlock()
		if highest >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestProcChaosLines: not a line that a worker prints is lost with a manager.
func TestProcChaosLines(t *testing.T) {
	q := newSequence()
	s := newSiteTo(t, `
service "app" {
  command = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; done"]
  ready { when = "started" }
}`, q)
	ctx, cancel := bounded(t)
	defer cancel()
	before := pids(s.mustStatus(t), "app")
	const killed, apart = 10, 5000
	for n := range killed {
		if err := q.reach(ctx, (n+1)*apart); err != nil {
			t.Fatal(err)
		}
		s.killManager(t)
	}
	if err := q.reach(ctx, (killed+1)*apart); err != nil {
		t.Fatal(err)
	}
	if after := pids(s.mustStatus(t), "app"); len(after) != 1 || after["1/0"] != before["1/0"] {
		t.Errorf("workers were %v and are %v", before, after)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.missing) > 0 {
		t.Errorf("lines are missing: %v", q.missing)
	}
	t.Logf("%d lines, %d of them again", q.highest, q.again)
}

func TestSequence(t *testing.T) {
	q := newSequence()
	for _, text := range []string{"app | line 1\napp | li", "ne 2\nsomething else\napp | line 2\n", "app | liapp | line 3\napp | line 6\n"} {
		if _, err := q.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if q.highest != 6 || q.again != 1 || len(q.missing) != 2 {
		t.Errorf("%+v", q)
	}
}
