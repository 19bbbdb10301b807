package dialect

import (
	"strconv"
	"strings"
	"testing"
)

func TestPHPFPM(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "resolved addresses, no brackets",
		dialects: []string{"php-fpm"},
		in: Input{Sockets: []Socket{
			tcp("a", "", 9000), {Name: "b", Network: "tcp4", Port: 9001}, tcp("c", "127.0.0.1", 9002), tcp("d", "::1", 9003), unixAt("e", "/run/php.sock"),
		}},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}, {7, 4}},
			Env:     []string{"FPM_SOCKETS=:::9000=3,0.0.0.0:9001=4,127.0.0.1:9002=5,::1:9003=6,/run/php.sock=7"},
		},
	}, {
		name:     "a path that would be cut",
		dialects: []string{"php-fpm"},
		in:       Input{Sockets: []Socket{unixAt("e", "/run/a,b")}},
		wantErr:  `cannot hand over sockets by "php-fpm": path "/run/a,b" of listener "e" contains ",", which has a meaning there (choose another path)`,
	}, {
		name:     "a path that looks like an address",
		dialects: []string{"php-fpm"},
		in:       Input{Sockets: []Socket{unixAt("e", "/run/a:b")}},
		wantErr:  `cannot hand over sockets by "php-fpm": path "/run/a:b" of listener "e" contains ":", which has a meaning there (choose another path)`,
	}, {
		name:     "datagrams",
		dialects: []string{"php-fpm"},
		in:       Input{Sockets: []Socket{{Name: "u", Network: "udp", Port: 53}}},
		wantErr:  `cannot hand over listener "u": a udp socket cannot be expressed in php-fpm (add "systemd" to handoff)`,
	}})
}

// TestPHPFPMSets counts: 128 in a variable.
func TestPHPFPMSets(t *testing.T) {
	for _, c := range []struct {
		sockets int
		want    []int // entries of each variable
	}{{127, []int{127}}, {128, []int{128}}, {129, []int{128, 1}}, {300, []int{128, 128, 44}}} {
		var in Input
		for i := range c.sockets {
			in.Sockets = append(in.Sockets, tcp("s"+strconv.Itoa(i), "127.0.0.1", 1000+i))
		}
		p, err := Combine([]string{"php-fpm"}, in)
		if err != nil || len(p.Env) != len(c.want) {
			t.Fatalf("%d sockets: %d variables, error %v", c.sockets, len(p.Env), err)
		}
		for i, want := range c.want {
			key, value, _ := strings.Cut(p.Env[i], "=")
			if got := strings.Count(value, ",") + 1; key != fpmVariable(i) || got != want {
				t.Errorf("%d sockets: %s has %d entries, want %s with %d", c.sockets, key, got, fpmVariable(i), want)
			}
		}
	}
	if _, err := tellFPM(Input{Sockets: make([]Socket, 0)}, nil); err != nil {
		t.Error(err)
	}
	many := Input{Sockets: make([]Socket, fpmSetSize*fpmSets+1)}
	for i := range many.Sockets {
		many.Sockets[i].Network = "tcp"
	}
	if _, err := tellFPM(many, consecutive(3, len(many.Sockets))); err == nil {
		t.Error("more than all variables hold is accepted")
	}
}

func TestOwnsPHPFPM(t *testing.T) {
	runOwns(t, phpFPM(), map[string]bool{"FPM_SOCKETS": true, "FPM_SOCKETS_1": true, "FPM_SOCKETS_255": true, "FPM_SOCKETS_": false, "FPM_SOCKETS_x": false, "FPM": false})
}
