package config

import (
	"fmt"
	"testing"
)

// conflictCases are pairs of listeners; %d is a free port. The test on Linux opens them and compares.
var conflictCases = []struct {
	first, second   string
	options, others Options
	want            bool
}{
	{first: "tcp://:%d", second: "tcp://[::]:%d", want: true},
	{first: "tcp://:%d", second: "tcp4://:%d", want: true},
	{first: "tcp4://:%d", second: "tcp://:%d", want: true},
	{first: "tcp://:%d", second: "tcp6://:%d", want: true},
	{first: "tcp6://:%d", second: "tcp://:%d", want: true},
	{first: "tcp://:%d", second: "tcp4://127.0.0.1:%d", want: true},
	{first: "tcp4://127.0.0.1:%d", second: "tcp://:%d", want: true},
	{first: "tcp://:%d", second: "tcp6://[::1]:%d", want: true},
	{first: "tcp6://:%d", second: "tcp4://:%d"},
	{first: "tcp4://:%d", second: "tcp6://:%d"},
	{first: "tcp6://:%d", second: "tcp4://127.0.0.1:%d"},
	{first: "tcp6://:%d", second: "tcp6://[::1]:%d", want: true},
	{first: "tcp4://:%d", second: "tcp6://[::1]:%d"},
	{first: "tcp://0.0.0.0:%d", second: "tcp6://:%d"},
	{first: "tcp4://:%d", second: "tcp4://127.0.0.1:%d", want: true},
	{first: "tcp4://127.0.0.1:%d", second: "tcp4://127.0.0.2:%d"},
	{first: "tcp4://127.0.0.1:%d", second: "tcp://127.0.0.1:%d", want: true},
	{first: "tcp4://127.0.0.1:%d", second: "tcp6://[::1]:%d"},
	{first: "tcp://:%d", second: "tcp4://:%d", options: Options{IPv6Only: yes()}},
	{first: "tcp://:%d", second: "tcp6://:%d", options: Options{IPv6Only: yes()}, want: true},
	{first: "tcp://:%d", second: "tcp://:%d", options: Options{ReusePort: yes()}, want: true},
	{first: "tcp://:%d", second: "tcp://:%d", others: Options{ReusePort: yes()}, want: true},
	{first: "tcp://:%d", second: "tcp://:%d", options: Options{ReusePort: yes()}, others: Options{ReusePort: yes()}},
	{first: "tcp://:%d", second: "tcp4://127.0.0.1:%d", options: Options{ReusePort: yes()}, others: Options{ReusePort: yes()}},
	{first: "tcp4://:%d", second: "tcp4://:%d", options: Options{BindDevice: "lo"}, want: true},
	{first: "tcp4://:%d", second: "tcp4://:%d", options: Options{BindDevice: "lo"}, others: Options{BindDevice: "lo"}, want: true},
	{first: "tcp://:%d", second: "udp://:%d"},
	{first: "udp://:%d", second: "udp://:%d", want: true},
	{first: "udp://:%d", second: "udp4://127.0.0.1:%d", want: true},
	{first: "udp6://:%d", second: "udp4://:%d"},
	{first: "udp4://127.0.0.1:%d", second: "udp4://127.0.0.2:%d"},
	{first: "udp://:%d", second: "udp://:%d", options: Options{ReusePort: yes()}, others: Options{ReusePort: yes()}},
	{first: "unix://@supervise-%d", second: "unix://@supervise-%d", want: true},
	{first: "unix://@supervise-%d", second: "unixgram://@supervise-%d"},
	{first: "unix://@supervise-%d", second: "unixpacket://@supervise-%d"},
	{first: "unixgram://@supervise-%d", second: "unixgram://@supervise-%d", want: true},
}

// moreCases cannot be opened everywhere: they need devices of their own, or vsock.
var moreCases = []struct {
	first, second   string
	options, others Options
	want            bool
}{
	{first: "tcp://:%d", second: "tcp://:%d", options: Options{BindDevice: "eth0"}, others: Options{BindDevice: "eth1"}},
	{first: "tcp://[fe80::1%%eth0]:%d", second: "tcp://[fe80::1%%eth1]:%d"},
	{first: "tcp://[fe80::1%%eth0]:%d", second: "tcp://[fe80::1%%eth0]:%d", want: true},
	{first: "tcp://[fe80::1%%eth0]:%d", second: "tcp://:%d", want: true},
	{first: "vsock://:%d", second: "vsock://:%d", want: true},
	{first: "vsock://:%d", second: "vsock://2:%d", want: true},
	{first: "vsock://1:%d", second: "vsock://2:%d"},
	{first: "vsock://2:%d", second: "vsock://2:%d", want: true},
}

func yes() *bool {
	b := true
	return &b
}

func conflictListeners(t *testing.T, first, second string, options, others Options, number int) (a, b *Listener) {
	t.Helper()
	pair := [2]*Listener{}
	for i, text := range []string{first, second} {
		address, err := ParseAddress(fmt.Sprintf(text, number))
		if err != nil {
			t.Fatal(err)
		}
		pair[i] = &Listener{Name: "l", Address: address, Options: []Options{options, others}[i]}
	}
	return pair[0], pair[1]
}

func TestConflict(t *testing.T) {
	for _, test := range append(conflictCases, moreCases...) {
		a, b := conflictListeners(t, test.first, test.second, test.options, test.others, 8080)
		got := a.Address.slot() == b.Address.slot() && conflict(a, b)
		back := a.Address.slot() == b.Address.slot() && conflict(b, a)
		if got != test.want || back != test.want {
			t.Errorf("%s and %s: %v, turned round %v, want %v", a.Address, b.Address, got, back, test.want)
		}
	}
}

func TestPortZeroNeverConflicts(t *testing.T) {
	for _, text := range []string{"tcp://:0", "udp://127.0.0.1:0", "vsock://:0"} {
		address, err := ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		l := &Listener{Address: address}
		if conflict(l, l) {
			t.Errorf("%s conflicts with itself", text)
		}
	}
}

func TestPathsConflictByFile(t *testing.T) {
	const file = `
listener "a" { address = "unix:///run/x.sock" }
listener "b" { address = "%s" }
`
	for address, want := range map[string]bool{
		"unix:///run/y.sock":            false,
		"unix:///run/./x.sock":          true,
		"unixgram:///run/../run/x.sock": true,
		"fifo:///run/x.sock":            true,
		"unix://../../run/x.sock":       true,
		"unix://@/run/x.sock":           false,
	} {
		_, err := Parse("/etc/supervise/app.hcl", fmt.Appendf(nil, file, address), host())
		if (err != nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
