package output

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func texts(list []Line) []string {
	got := make([]string, len(list))
	for i, l := range list {
		got[i] = l.Text
	}
	return got
}

// fill appends the lines from..to-1, whose generation is their number modulo 3.
func fill(l *Log, from, to int) {
	for i := from; i < to; i++ {
		l.Append(Line{Service: "app", Generation: i % 3, Text: fmt.Sprint(i)})
	}
}

func numbers(from, to, step int) []string {
	list := []string{}
	for i := from; i < to; i += step {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func TestLogLast(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 2, 15, 16, 17, 100, 1000} {
		l := NewLog(limit)
		for filled := range 120 {
			kept := min(filled, max(limit, 1))
			for _, n := range []int{0, 1, 50, 1000} {
				want := numbers(max(filled-n, filled-kept), filled, 1)
				if got := texts(l.Last(n)); !slices.Equal(got, want) {
					t.Fatalf("limit %d, %d appended: Last(%d) = %v, want %v", limit, filled, n, got, want)
				}
			}
			fill(l, filled, filled+1)
		}
	}
}

func TestLogLastOf(t *testing.T) {
	l := NewLog(60)
	fill(l, 0, 90)
	for _, c := range []struct {
		generation, n int
		want          []string
	}{
		{1, 3, numbers(82, 90, 3)},
		{0, 1000, numbers(30, 90, 3)},
		{2, 0, nil},
		{7, 5, nil},
	} {
		if got := texts(l.LastOf(c.generation, c.n)); !slices.Equal(got, c.want) {
			t.Errorf("LastOf(%d, %d) = %v, want %v", c.generation, c.n, got, c.want)
		}
	}
}

func TestLogGrowsLazily(t *testing.T) {
	l := NewLog(1 << 20)
	fill(l, 0, 20)
	if len(l.ring) != 32 {
		t.Errorf("room for %d lines with 20 in it", len(l.ring))
	}
}

func TestLogIsBoundedInBytes(t *testing.T) {
	l := NewLog(1000)
	for range 100 {
		l.Append(Line{Text: strings.Repeat("x", MaxLine)})
		if l.size > 1000*bytesPerLine {
			t.Fatalf("%d bytes", l.size)
		}
	}
	if n := len(l.Last(1000)); n != 1000*bytesPerLine/MaxLine {
		t.Errorf("%d lines are left", n)
	}
	small := NewLog(1)
	small.Append(Line{Text: strings.Repeat("x", MaxLine)})
	if n := len(small.Last(1)); n != 1 {
		t.Error("the longest line has no room")
	}
	for range 300 {
		l.Append(Line{Text: ""})
	}
	if l.kept < 300 || l.oldest()+uint64(l.kept) != l.next {
		t.Errorf("%d kept", l.kept)
	}
}

func TestLogFollow(t *testing.T) {
	l := NewLog(100)
	fill(l, 0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	lines := make(chan string)
	done := make(chan error)
	go func() {
		done <- l.Follow(ctx, 3, func(line Line) error { lines <- line.Text; return nil })
	}()
	for i := 7; i < 100; i++ {
		if i >= 10 {
			fill(l, i, i+1)
		}
		if got := <-lines; got != fmt.Sprint(i) {
			t.Fatalf("got %q, want %d", got, i)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLogFollowBacklog(t *testing.T) {
	for backlog, want := range map[int][]string{
		-1: {"new"}, 0: {"new"}, 2: {"5", "6", "new"}, 5: {"2", "3", "4", "5", "6", "new"}, 100: {"1", "2", "3", "4", "5", "6", "new"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLog(6)
			fill(l, 0, 7)
			enough := errors.New("enough")
			var got []string
			var group sync.WaitGroup
			group.Go(func() {
				err := l.Follow(t.Context(), backlog, func(line Line) error {
					if got = append(got, line.Text); line.Text == "new" {
						return enough
					}
					return nil
				})
				if err != enough {
					t.Errorf("got %v", err)
				}
			})
			synctest.Wait()
			l.Append(Line{Text: "new"})
			group.Wait()
			if !slices.Equal(got, want) {
				t.Errorf("backlog %d: got %q, want %q", backlog, got, want)
			}
		})
	}
}

func TestLogFollowTellsASlowReader(t *testing.T) {
	l := NewLog(4)
	fill(l, 0, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	missed := 0
	err := l.Follow(ctx, 1, func(line Line) error {
		got = append(got, line.Text)
		missed += line.Missed
		switch len(got) {
		case 1:
			fill(l, 1, 11) // 7..10 are left
		case 6:
			cancel()
		}
		return nil
	})
	want := []string{"0", "(6 lines missed: this reader was too slow)", "7", "8", "9", "10"}
	if err != nil || missed != 6 || !slices.Equal(got, want) {
		t.Errorf("got %q, %d missed, %v", got, missed, err)
	}
}

// Append never waits, whatever readers do; readers that sleep are woken by one line, all of them.
func TestLogFollowersSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(10)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		var mu sync.Mutex
		count := 0
		for range 20 {
			group.Go(func() {
				_ = l.Follow(ctx, 0, func(Line) error { mu.Lock(); count++; mu.Unlock(); return nil })
			})
		}
		for want := 20; want <= 100; want += 20 {
			synctest.Wait() // all asleep
			fill(l, 0, 1)
			synctest.Wait()
			if count != want {
				t.Errorf("%d lines came, want %d", count, want)
			}
		}
		stuck := make(chan struct{})
		group.Go(func() { _ = l.Follow(ctx, 1, func(Line) error { <-stuck; return nil }) })
		synctest.Wait()
		fill(l, 0, 1000)
		close(stuck)
		cancel()
		group.Wait()
	})
}

func TestLogConcurrent(t *testing.T) {
	l := NewLog(50)
	ctx, cancel := context.WithCancel(t.Context())
	var writers, readers sync.WaitGroup
	for range 4 {
		writers.Go(func() { fill(l, 0, 1000) })
		readers.Go(func() {
			seen := 0
			_ = l.Follow(ctx, 0, func(line Line) error { seen += max(line.Missed, 1); return nil })
			if seen > 4000 {
				t.Errorf("%d lines seen of 4000", seen)
			}
		})
		readers.Go(func() { l.Last(10); l.LastOf(1, 10) })
	}
	writers.Wait()
	cancel()
	readers.Wait()
}

func BenchmarkLogAppend(b *testing.B) {
	l := NewLog(1000)
	b.ReportAllocs()
	for range b.N {
		l.Append(Line{Service: "app", Text: "a line as workers print it"})
	}
}
