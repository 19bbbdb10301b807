package view

import (
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

func TestSteering(t *testing.T) {
	member := func(generation int, share float64) supervisor.MemberStatus {
		return supervisor.MemberStatus{Generation: generation, Share: share}
	}
	for _, c := range []struct {
		name    string
		members []supervisor.MemberStatus
		want    string
	}{
		{"all to one", []supervisor.MemberStatus{member(1, 0), member(2, 1)}, "to generation 2 (ebpf)"},
		{"a canary", []supervisor.MemberStatus{member(1, 0.475), member(1, 0.475), member(2, 0.05)}, "95% to generation 1, 5% to generation 2 (ebpf)"},
		{"nobody's", []supervisor.MemberStatus{member(0, 1), member(1, 0)}, "wait (ebpf)"},
		{"one that needs no choice", []supervisor.MemberStatus{member(3, 0)}, "to generation 3 (ebpf)"},
		{"no choice taken", []supervisor.MemberStatus{member(1, 0), member(2, 0)}, "not steered yet (ebpf)"},
	} {
		if got := steering(supervisor.ListenerStatus{Steering: "ebpf", Members: c.members}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := steering(supervisor.ListenerStatus{}); got != "" {
		t.Errorf("one socket for all: %q", got)
	}
}
