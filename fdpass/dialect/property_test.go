package dialect

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPropertyNumbers checks, for every pair of dialects and number of sockets, what workers rely on: no descriptor number
// twice, ascending, and every socket somewhere.
func TestPropertyNumbers(t *testing.T) {
	sets := [][]string{nil, {"systemd", "einhorn", "server-starter"}}
	for _, a := range Names() {
		sets = append(sets, []string{a})
		for _, b := range Names() {
			sets = append(sets, []string{a, b})
		}
	}
	for _, chosen := range sets {
		for n := range 5 {
			in := Input{Generation: 1, RuntimeDir: "/run/w"}
			for i := range n {
				in.Sockets = append(in.Sockets, tcp("s"+strconv.Itoa(i), "", 1+i))
			}
			checkNumbers(t, chosen, in)
			in.Stored = []string{"x", "y"}
			checkNumbers(t, chosen, in)
			onWindows(t, chosen, in.Sockets)
		}
	}
}

// onWindows checks the same with handles, in a descending order.
func onWindows(t *testing.T, chosen []string, sockets []Socket) {
	t.Helper()
	in := Input{Generation: 1, RuntimeDir: "/run/w", System: windows, Sockets: slices.Clone(sockets)}
	checkNumbers(t, chosen, in) // nothing is open
	for i := range in.Sockets {
		in.Sockets[i].Handle = uintptr(1000 - 4*i)
	}
	checkNumbers(t, chosen, in)
}

func checkNumbers(t *testing.T, chosen []string, in Input) {
	t.Helper()
	p, err := Combine(chosen, in)
	if err != nil {
		if diffPlans(p, Plan{}) != "" {
			t.Errorf("%v, %d sockets: a plan beside the error %v", chosen, len(in.Sockets), err)
		}
		return
	}
	seen := map[int]bool{}
	take := func(fd int) {
		if seen[fd] || fd >= Free(p) {
			t.Errorf("%v, %d sockets: descriptor %d twice or not below %d", chosen, len(in.Sockets), fd, Free(p))
		}
		seen[fd] = true
	}
	for i, n := range p.Numbers {
		take(n.FD)
		if i > 0 && n.FD <= p.Numbers[i-1].FD {
			t.Errorf("%v, %d sockets: numbers %v do not ascend", chosen, len(in.Sockets), p.Numbers)
		}
	}
	for _, c := range p.Channels {
		take(c.FD)
	}
	for _, fd := range p.StoredFDs {
		take(fd)
	}
	for i := range in.Sockets {
		if FD(p, i) < 0 && len(p.Serve) == 0 && !p.Adopt {
			t.Errorf("%v, %d sockets: no number for socket %d in %v", chosen, len(in.Sockets), i, p.Numbers)
		}
	}
}

// FuzzServerStarter reads back what was written, by the rule that Perl's server_ports has: split at ";", then at the
// first "=".
func FuzzServerStarter(f *testing.F) {
	f.Add("/run/a.sock", "127.0.0.1", uint16(80))
	f.Add("/run/a;b", "::", uint16(0))
	f.Add("x:80", "fe80::1%a=b", uint16(1))
	f.Fuzz(func(t *testing.T, path, host string, port uint16) {
		if strings.ContainsAny(host, ";=") {
			return // the configuration allows IP literals only
		}
		in := Input{Generation: 1, Sockets: []Socket{unixAt("u", path), tcp("t", host, int(port))}}
		p, err := Combine([]string{"server-starter"}, in)
		if err != nil {
			return
		}
		value := strings.TrimPrefix(p.Env[0], "SERVER_STARTER_PORT=")
		pairs := strings.Split(value, ";")
		if len(pairs) != 2 {
			t.Fatalf("%d entries in %q", len(pairs), value)
		}
		if key, fd, _ := strings.Cut(pairs[0], "="); key != path || fd != "3" {
			t.Errorf("%q gives %q = %q, want %q = 3", value, key, fd, path)
		}
		if key, fd, _ := strings.Cut(pairs[1], "="); !strings.HasSuffix(key, strconv.Itoa(int(port))) || fd != "4" {
			t.Errorf("%q gives %q = %q, want port %d = 4", value, key, fd, port)
		}
	})
}
