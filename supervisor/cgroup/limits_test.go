package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		limits      Limits
		controllers []string
		settings    []setting
	}{
		{Limits{}, nil, nil},
		{Limits{Memory: 1 << 20}, []string{"memory"}, []setting{{"memory.max", "1048576"}, {"memory.oom.group", "1"}}},
		{Limits{CPU: 1.5}, []string{"cpu"}, []setting{{"cpu.max", "150000 100000"}}},
		{Limits{CPU: 0.01}, []string{"cpu"}, []setting{{"cpu.max", "1000 100000"}}},
		{Limits{CPU: 1e-9}, []string{"cpu"}, []setting{{"cpu.max", "1000 100000"}}},
		{Limits{PIDs: 1}, []string{"pids"}, []setting{{"pids.max", "33"}}},
	} {
		if diff := cmp.Diff(tt.controllers, tt.limits.Controllers()); diff != "" {
			t.Errorf("%+v: controllers, -want +got:\n%s", tt.limits, diff)
		}
		if diff := cmp.Diff(tt.settings, tt.limits.settings(), cmp.AllowUnexported(setting{})); diff != "" {
			t.Errorf("%+v: settings, -want +got:\n%s", tt.limits, diff)
		}
		if tt.limits.None() != (len(tt.settings) == 0) {
			t.Errorf("%+v: none %v", tt.limits, tt.limits.None())
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0B", 1: "1B", 1023: "1023B", 1024: "1KiB", 1536: "1536B", 512 << 20: "512MiB", 3 << 30: "3GiB", 1 << 40: "1TiB", 1 << 50: "1024TiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
