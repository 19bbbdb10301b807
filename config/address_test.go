package config

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		text  string
		want  Address
		again string // String of it; "" for text
	}{
		{"tcp://:8080", Address{Network: "tcp", Port: 8080}, "tcp://[::]:8080"},
		{"tcp://[::]:8080", Address{Network: "tcp", Port: 8080}, ""},
		{"tcp://0.0.0.0:8080", Address{Network: "tcp", Host: "0.0.0.0", Port: 8080}, ""},
		{"tcp://:0", Address{Network: "tcp"}, "tcp://[::]:0"},
		{"tcp://[2001:DB8:0::1]:65535", Address{Network: "tcp", Host: "2001:db8::1", Port: 65535}, "tcp://[2001:db8::1]:65535"},
		{"tcp://[fe80::1%eth0]:80", Address{Network: "tcp", Host: "fe80::1%eth0", Port: 80}, ""},
		{"tcp4://:80", Address{Network: "tcp4", Port: 80}, "tcp4://0.0.0.0:80"},
		{"tcp4://0.0.0.0:80", Address{Network: "tcp4", Port: 80}, ""},
		{"tcp6://:80", Address{Network: "tcp6", Port: 80}, "tcp6://[::]:80"},
		{"tcp6://[::]:80", Address{Network: "tcp6", Port: 80}, ""},
		{"udp://127.0.0.1:53", Address{Network: "udp", Host: "127.0.0.1", Port: 53}, ""},
		{"udp6://[ff02::1%lo]:53", Address{Network: "udp6", Host: "ff02::1%lo", Port: 53}, ""},
		{"unix:///run/a b.sock", Address{Network: "unix", Path: "/run/a b.sock"}, ""},
		{"unix://run/a.sock", Address{Network: "unix", Path: "run/a.sock"}, ""},
		{"unix://./@a", Address{Network: "unix", Path: "./@a"}, ""},
		{"unix://@a/b:c", Address{Network: "unix", Path: "@a/b:c"}, ""},
		{"unix:///" + strings.Repeat("a", 106), Address{Network: "unix", Path: "/" + strings.Repeat("a", 106)}, ""},
		{"unixpacket://@" + strings.Repeat("a", 107), Address{Network: "unixpacket", Path: "@" + strings.Repeat("a", 107)}, ""},
		{"unixgram:///run/100%25", Address{Network: "unixgram", Path: "/run/100%25"}, ""},
		{"vsock://:5000", Address{Network: "vsock", Port: 5000}, ""},
		{"vsock://4294967295:5000", Address{Network: "vsock", Port: 5000}, "vsock://:5000"},
		{"vsock://2:4294967294", Address{Network: "vsock", Host: "2", Port: 4294967294}, ""},
		{"fifo:///run/a", Address{Network: "fifo", Path: "/run/a"}, ""},
		{"pipe://my app", Address{Network: "pipe", Path: "my app"}, ""},
		{"pipe://" + strings.Repeat("ä", 247), Address{Network: "pipe", Path: strings.Repeat("ä", 247)}, ""},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseAddress(test.text)
			if err != nil || got != test.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, test.want)
			}
			want := test.again
			if want == "" {
				want = test.text
			}
			if got.String() != want {
				t.Errorf("String gives %q, want %q", got.String(), want)
			}
		})
	}
}

// What is refused is in testdata/bad/address.hcl; here is only the form of the error.
func TestParseAddressError(t *testing.T) {
	tests := []struct{ text, want string }{
		{"tcp//:8080", `cannot use "tcp//:8080": it has no network before "://" (write tcp://:8080)`},
		{"tcp:8080", `cannot use "tcp:8080": it has no network before "://" (write tcp://:8080)`},
		{"fifo://a\x00b", `cannot use "fifo://a\x00b": it has a NUL byte`},
		{"tcp://::1:80", `cannot use "tcp://::1:80": an IPv6 address needs brackets (write [::1]:80)`},
		{"pipe://", `cannot use "pipe://": it has no name (write for example pipe://app)`},
		{`pipe://\\.\pipe\app`, `cannot use "pipe://\\\\.\\pipe\\app": a named pipe has a name and no path (write pipe://app)`},
		{"pipe://a/", `cannot use "pipe://a/": "a/" is no name of a pipe (write for example pipe://app)`},
		{"pipe://a\nb", `cannot use "pipe://a\nb": "a\nb" is no name of a pipe (write for example pipe://app)`},
		{"pipe://" + strings.Repeat("a", 248), `cannot use "pipe://` + strings.Repeat("a", 248) + `": the name has 248 characters, 247 are possible (use a shorter name)`},
	}
	for _, test := range tests {
		a, err := ParseAddress(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("%q: got %v\nwant %s", test.text, err, test.want)
		}
		if a != (Address{}) {
			t.Errorf("%q: there is an address beside the error: %+v", test.text, a)
		}
	}
}

func TestAddressKinds(t *testing.T) {
	tests := []struct {
		network               string
		backlog, inet, isFile bool
	}{
		{"tcp", true, true, false}, {"tcp4", true, true, false}, {"tcp6", true, true, false},
		{"udp", false, true, false}, {"udp4", false, true, false}, {"udp6", false, true, false},
		{"unix", true, false, true}, {"unixpacket", true, false, true}, {"unixgram", false, false, true},
		{"vsock", true, false, false}, {"fifo", false, false, true}, {"pipe", false, false, false},
	}
	for _, test := range tests {
		a := Address{Network: test.network, Path: "/x"}
		if a.hasBacklog() != test.backlog || a.isInet() != test.inet || a.hasFile() != test.isFile {
			t.Errorf("%s: backlog %v, inet %v, file %v", test.network, a.hasBacklog(), a.isInet(), a.hasFile())
		}
	}
	if len(tests) != len(networks) {
		t.Errorf("%d networks are tested, there are %d", len(tests), len(networks))
	}
}
