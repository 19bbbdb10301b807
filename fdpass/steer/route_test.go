package steer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRuns(t *testing.T) {
	tests := []struct {
		list     []uint32
		expected []run
	}{
		{nil, nil},
		{[]uint32{0}, []run{{1, 0}}},
		{[]uint32{7}, []run{{1, 7}}},
		{[]uint32{3, 2, 1}, []run{{3, 1}}},
		{[]uint32{1, 2, 2, 1}, []run{{2, 1}}},
		{[]uint32{6, 1, 2, 4}, []run{{2, 1}, {3, 2}, {4, 3}}},
	}
	for _, tt := range tests {
		if got := runs(slices.Clone(tt.list)); !slices.Equal(got, tt.expected) {
			t.Errorf("runs(%v) = %v, expected %v", tt.list, got, tt.expected)
		}
	}
}

// TestRunsHoldAll gives back what was put in, for any set of numbers.
func TestRunsHoldAll(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var list []uint32
		for n := range uint32(40) {
			if random.IntN(2) == 0 {
				list = append(list, n)
			}
		}
		all := runs(slices.Clone(list))
		if int(count(all)) != len(list) || !slices.Equal(first(all, 100), list) {
			t.Errorf("runs(%v) = %v hold %v", list, all, first(all, 100))
		}
		if n := len(first(all, 3)); n != min(3, len(list)) {
			t.Errorf("the first 3 of %v are %d", list, n)
		}
	}
}

func TestNewRoute(t *testing.T) {
	number := func(key string) uint32 { return uint32(strings.Index("abcdef", key)) }
	four := netip.MustParseAddrPort("127.0.0.1:1")
	tests := []struct {
		name     string
		choice   Choice
		expected route
	}{
		{"current", Choice{Current: []string{"b"}}, route{current: []run{{1, 1}}}},
		{"share", Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: 0.25}, route{current: []run{{1, 0}}, canary: []run{{1, 1}}, threshold: 1 << 30}},
		{"share of nearly nothing", Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: 1e-12}, route{current: []run{{1, 0}}, canary: []run{{1, 1}}, threshold: 1}},
		{"share of nothing", Choice{Current: []string{"a"}, Canary: []string{"b"}}, route{current: []run{{1, 0}}}},
		{"share of all", Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: 1}, route{current: []run{{1, 1}}}},
		{"probe of a mapped address", Choice{Current: []string{"a"}, Probes: []Probe{{netip.MustParseAddrPort("[::ffff:127.0.0.1]:1"), "c"}}},
			route{current: []run{{1, 0}}, probes: []probeRoute{{four, 2}}}},
	}
	for _, tt := range tests {
		options := cmp.Options{cmp.AllowUnexported(route{}, run{}, probeRoute{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })}
		if diff := cmp.Diff(tt.expected, newRoute(tt.choice, number), options); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
