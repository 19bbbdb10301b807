package registry

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someWorkers(n int) []*worker {
	var workers []*worker
	for i := range n {
		workers = append(workers, &worker{place: place{User{"app", 2}, i}, pid: 100 + i, phase: Ready})
	}
	return workers
}

func TestBlame(t *testing.T) {
	cases := []struct {
		workers int
		want    []any
	}{
		{0, []any{"by", "unknown"}},
		{1, []any{"service", "app", "generation", 2, "worker", 0, "pid", 100}},
		{2, []any{"by", "one of app.2/0 (pid 100), app.2/1 (pid 101)"}},
	}
	for _, c := range cases {
		if d := cmp.Diff(c.want, blame(someWorkers(c.workers))); d != "" {
			t.Errorf("%d workers:\n%s", c.workers, d)
		}
	}
}

func TestBlameIsBounded(t *testing.T) {
	text := list(someWorkers(1000))
	if !strings.HasSuffix(text, ", 992 more") || len(text) > 300 {
		t.Errorf("got %q", text)
	}
}

func TestSuspects(t *testing.T) {
	cases := map[string]struct {
		phases []string
		recent []int
		want   []int
	}{
		"all when all are settled":    {[]string{Ready, Ready}, nil, []int{0, 1}},
		"a starting one first":        {[]string{Ready, Started, Ready}, nil, []int{1}},
		"starting and draining":       {[]string{Draining, Started, Ready}, nil, []int{0, 1}},
		"just ready counts as likely": {[]string{Ready, Ready}, []int{1}, []int{1}},
		"nobody":                      {nil, nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := &member{workers: someWorkers(len(c.phases))}
			for i, p := range c.phases {
				h.workers[i].phase = p
			}
			for _, i := range c.recent {
				h.recent = append(h.recent, h.workers[i])
			}
			var got []int
			for _, w := range h.suspects() {
				got = append(got, w.index)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A worker may change its main process (MAINPID=) and two may be in one place, one draining.
func TestFind(t *testing.T) {
	at := place{User{"app", 1}, 0}
	old, next := &worker{place: at, pid: 10}, &worker{place: at, pid: 11}
	cases := []struct {
		name string
		list []*worker
		pid  int
		want *worker
	}{
		{"by pid", []*worker{old, next}, 11, next},
		{"with a new main process", []*worker{next}, 99, next},
		{"of two the older one has changed its process", []*worker{old, next}, 98, old},
		{"never started", nil, 10, nil},
	}
	for _, c := range cases {
		r := &Registry{workers: map[place][]*worker{at: c.list}}
		if got := r.find(at, c.pid); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
