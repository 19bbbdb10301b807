package steer

import (
	"math"
	"net/netip"
	"slices"
	"testing"
)

func TestChoiceCheck(t *testing.T) {
	from := netip.MustParseAddrPort("127.0.0.1:1")
	tests := []struct {
		choice   Choice
		expected string
	}{
		{Choice{Current: []string{"a"}}, ""},
		{Choice{Current: []string{"a", "b"}, Canary: []string{"b"}, Share: 1, Probes: []Probe{{from, "b"}}}, ""},
		{Choice{}, "cannot steer to nobody: no current member is named"},
		{Choice{Current: []string{"c"}}, `cannot steer to "c": it is no member`},
		{Choice{Current: []string{"a"}, Canary: []string{"c"}}, `cannot steer to "c": it is no member`},
		{Choice{Current: []string{"a"}, Share: 0.1}, "cannot steer a share of 0.1 to nobody: no canary is named"},
		{Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: -1}, "cannot steer a share of -1: it must be from 0 to 1"},
		{Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: 1.5}, "cannot steer a share of 1.5: it must be from 0 to 1"},
		{Choice{Current: []string{"a"}, Canary: []string{"b"}, Share: math.NaN()}, "cannot steer a share of NaN: it must be from 0 to 1"},
		{Choice{Current: []string{"a"}, Probes: []Probe{{from, "c"}}}, `cannot steer to "c": it is no member`},
		{Choice{Current: []string{"a"}, Probes: []Probe{{netip.AddrPort{}, "a"}}}, `cannot steer a probe from "invalid AddrPort": an address and a port are needed`},
		{Choice{Current: []string{"a"}, Probes: []Probe{{netip.MustParseAddrPort("127.0.0.1:0"), "a"}}}, `cannot steer a probe from "127.0.0.1:0": an address and a port are needed`},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.choice.check(func(key string) bool { return key < "c" }); err != nil {
			got = err.Error()
		}
		if got != tt.expected {
			t.Errorf("%v: %q, expected %q", tt.choice, got, tt.expected)
		}
	}
}

func TestChoiceWithout(t *testing.T) {
	from := netip.MustParseAddrPort("127.0.0.1:1")
	c := Choice{Current: []string{"a", "b"}, Canary: []string{"c"}, Share: 0.1, Probes: []Probe{{from, "b"}, {from, "c"}}}
	tests := []struct {
		gone            []string
		current, canary []string
		share           float64
		probes          int
	}{
		{[]string{"x"}, []string{"a", "b"}, []string{"c"}, 0.1, 2},
		{[]string{"a"}, []string{"b"}, []string{"c"}, 0.1, 2},
		{[]string{"b"}, []string{"a"}, []string{"c"}, 0.1, 1},
		{[]string{"c"}, []string{"a", "b"}, nil, 0, 1},
		{[]string{"a", "b"}, []string{"c"}, nil, 0, 1},
		{[]string{"a", "b", "c"}, nil, nil, 0, 0},
	}
	for _, tt := range tests {
		got := c
		for _, key := range tt.gone {
			got = got.without(key)
		}
		if !slices.Equal(got.Current, tt.current) || !slices.Equal(got.Canary, tt.canary) || got.Share != tt.share || len(got.Probes) != tt.probes {
			t.Errorf("without %v: %v", tt.gone, got)
		}
	}
	if len(c.Current) != 2 || len(c.Probes) != 2 {
		t.Errorf("the choice itself has changed: %v", c)
	}
}

func TestKind(t *testing.T) {
	for kind, expected := range map[Kind]string{None: "none", Classic: "cbpf", Extended: "ebpf"} {
		if got := kind.String(); got != expected {
			t.Errorf("%d is %q, expected %q", kind, got, expected)
		}
	}
	no := errNone{}
	for expected, s := range map[Kind]Support{Extended: {}, Classic: {Extended: no}, None: {Extended: no, Classic: no}} {
		if got := s.Best(); got != expected {
			t.Errorf("best of %v is %s, expected %s", s, got, expected)
		}
	}
}

type errNone struct{}

func (errNone) Error() string { return "no" }
