package supervisor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

func line(service string, second int) output.Line {
	return output.Line{Service: service, Time: time.Unix(int64(second), 0), Text: fmt.Sprint(service, second)}
}

func texts(lines []output.Line) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return strings.Join(out, " ")
}

func TestLastOfAll(t *testing.T) {
	a, b := output.NewLog(10), output.NewLog(10)
	for i := range 4 {
		a.Append(line("a", 2*i))
		b.Append(line("b", 2*i+1))
	}
	logs := []*output.Log{a, b}
	if got := texts(lines(lastOfAll(logs, 5))); got != "b3 a4 b5 a6 b7" {
		t.Errorf("last five: %s", got)
	}
	if got := texts(lines(lastOfAll(logs, 100))); got != "a0 b1 a2 b3 a4 b5 a6 b7" {
		t.Errorf("all: %s", got)
	}
	if got := lines(lastOfAll(nil, 3)); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestFollowAll(t *testing.T) {
	for _, n := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var logs []*output.Log
			for range n {
				logs = append(logs, output.NewLog(10))
			}
			logs[0].Append(line("old", 0))
			ctx, cancel := context.WithCancel(t.Context())
			var got []output.Line
			done := make(chan error, 1)
			go func() {
				done <- followAll(ctx, logs, 5, func(l output.Line) error { got = append(got, l); return nil })
			}()
			synctest.Wait()
			logs[n-1].Append(line("new", 1))
			synctest.Wait()
			cancel()
			if err := <-done; err != nil || texts(got) != "old0 new1" {
				t.Errorf("got %q, %v", texts(got), err)
			}
		})
	}
	t.Run("reader gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gone := errors.New("gone")
			logs := []*output.Log{output.NewLog(10), output.NewLog(10)}
			done := make(chan error, 1)
			go func() { done <- followAll(t.Context(), logs, 5, func(output.Line) error { return gone }) }()
			synctest.Wait()
			logs[1].Append(line("x", 1))
			if err := <-done; err != gone {
				t.Errorf("error %v", err)
			}
		})
	})
}

// lines leaves out where each log goes on.
func lines(list []output.Line, _ []uint64) []output.Line { return list }
