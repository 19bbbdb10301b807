package fdpass

import (
	"slices"
	"testing"
)

func TestNeedsReopen(t *testing.T) {
	for _, tt := range []struct {
		a, b Spec
		want []string
	}{
		{spec("tcp://:80"), spec("tcp://[::]:80"), nil},
		{spec("tcp://:80"), with("tcp://:80", func(s *Spec) { s.Name, s.Backlog, s.Mode = "x", 7, 0o600 }), nil},
		{spec("tcp://:80"), spec("tcp://:81"), []string{"address"}},
		{spec("tcp://:80"), spec("tcp4://:80"), []string{"address"}},
		{spec("unix:///a"), spec("unix:///b"), []string{"address"}},
		{spec("tcp://:80"), option1("udp://:80", func(o *Options) { o.ReusePort = ptr(false) }), []string{"address", "reuse_port"}},
		{option1("tcp://:80", func(o *Options) { o.ReusePort = ptr(true) }), option1("tcp://:80", func(o *Options) { o.ReusePort = ptr(true) }), nil},
	} {
		if got := NeedsReopen(tt.a, tt.b); !slices.Equal(got, tt.want) {
			t.Errorf("%s to %s: %q, expected %q", tt.a.Address, tt.b.Address, got, tt.want)
		}
	}
}
