package drill

import (
	"strings"
	"testing"
)

func TestDialable(t *testing.T) {
	for address, want := range map[string]Target{
		"tcp://[::]:8080":           {"tcp", "127.0.0.1:8080"},
		"tcp://:8080":               {"tcp", "127.0.0.1:8080"},
		"tcp://0.0.0.0:80":          {"tcp", "127.0.0.1:80"},
		"tcp4://0.0.0.0:80":         {"tcp4", "127.0.0.1:80"},
		"tcp4://:80":                {"tcp4", "127.0.0.1:80"},
		"tcp6://[::]:80":            {"tcp6", "[::1]:80"},
		"tcp6://:80":                {"tcp6", "[::1]:80"},
		"tcp://127.0.0.1:80":        {"tcp", "127.0.0.1:80"},
		"tcp://[::1]:80":            {"tcp", "[::1]:80"},
		"tcp://10.1.2.3:80":         {"tcp", "10.1.2.3:80"},
		"tcp6://[fe80::1%eth0]:80":  {"tcp6", "[fe80::1%eth0]:80"},
		"unix:///run/app.sock":      {"unix", "/run/app.sock"},
		"unix://@abstract":          {"unix", "@abstract"},
		"unix:///with://in/it.sock": {"unix", "/with://in/it.sock"},
	} {
		got, err := Dialable(address)
		if err != nil || got != want {
			t.Errorf("Dialable(%q) = %v, %v; want %v", address, got, err, want)
		}
	}
}

func TestDialableRefuses(t *testing.T) {
	for address, why := range map[string]string{
		"udp://:53":              "a drill needs a stream listener",
		"udp6://[::]:53":         "a drill needs a stream listener",
		"unixgram:///x":          "a drill needs a stream listener",
		"fifo:///x":              "a drill needs a stream listener",
		"unixpacket:///x":        "unixpacket is not supported by drill yet",
		"vsock://2:80":           "vsock is not supported by drill yet",
		"http://localhost:80":    `unknown network "http"`,
		"127.0.0.1:80":           `it is not "network://address"`,
		"":                       `it is not "network://address"`,
		"tcp://:0":               "the port is not known",
		"tcp://[::]:":            "the port is not known",
		"tcp://::1:80":           `the address is not "HOST:PORT"`,
		"tcp://localhost:80":     "the host is not an IP address",
		"unix://":                "the path is empty",
		"tcp://127.0.0.1":        `the address is not "HOST:PORT"`,
		"tcp://[127.0.0.1:80":    `the address is not "HOST:PORT"`,
		"tcp://example.org:http": "the host is not an IP address",
	} {
		_, err := Dialable(address)
		if err == nil || !strings.Contains(err.Error(), why) || !strings.HasPrefix(err.Error(), `cannot drill listener "`) {
			t.Errorf("Dialable(%q): got %v, want %q", address, err, why)
		}
	}
}

func FuzzDialable(f *testing.F) {
	for _, s := range []string{"tcp://[::]:80", "unix://@a", "udp://:1", "tcp6://[fe80::1%a]:1", "://", "tcp://%:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := Dialable(s)
		if err != nil {
			return
		}
		again, err := Dialable(target.String())
		if err != nil || again != target {
			t.Errorf("%q → %v → %v, %v", s, target, again, err)
		}
	})
}
