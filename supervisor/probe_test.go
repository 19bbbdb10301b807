package supervisor

import (
	"net/netip"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// TestFits checks which listener the kernel would give a connection to.
func TestFits(t *testing.T) {
	for _, tt := range []struct {
		network, host string
		only          bool
		to            string
		want          int
	}{
		{"tcp", "", false, "127.0.0.1:80", 1},
		{"tcp", "", false, "[::1]:80", 1},
		{"tcp", "", true, "127.0.0.1:80", 0},
		{"tcp", "", true, "[::1]:80", 1},
		{"tcp", "::", false, "10.1.2.3:80", 1},
		{"tcp", "0.0.0.0", false, "127.0.0.1:80", 1},
		{"tcp", "0.0.0.0", false, "[::1]:80", 0},
		{"tcp4", "", false, "127.0.0.1:80", 1},
		{"tcp4", "", false, "[::1]:80", 0},
		{"tcp6", "", false, "[fd00::1]:80", 1},
		{"tcp6", "", false, "127.0.0.1:80", 0},
		{"tcp", "127.0.0.1", false, "127.0.0.1:80", 2},
		{"tcp", "127.0.0.1", false, "127.0.0.2:80", 0},
		{"tcp", "::1", false, "[::1]:80", 2},
		{"tcp", "::1", false, "127.0.0.1:80", 0},
		{"tcp", "::ffff:127.0.0.1", false, "127.0.0.1:80", 2},
		{"tcp", "", false, "127.0.0.1:81", 0},
		{"udp", "", false, "127.0.0.1:80", 0},
		{"unix", "", false, "127.0.0.1:80", 0},
		{"tcp", "nonsense", false, "127.0.0.1:80", 0},
	} {
		a := fdpass.Address{Network: tt.network, Host: tt.host, Port: 80}
		if got := fits(a, tt.only, netip.MustParseAddrPort(tt.to)); got != tt.want {
			t.Errorf("%s, ipv6_only %v, to %s: %d, want %d", a, tt.only, tt.to, got, tt.want)
		}
	}
}

func TestReached(t *testing.T) {
	for wildcard, want := range map[string]string{"0.0.0.0": "127.0.0.1", "::": "::1", "10.0.0.1": "10.0.0.1", "fd00::1": "fd00::1"} {
		if got := reached(netip.MustParseAddr(wildcard)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: %s", wildcard, got)
		}
	}
}
