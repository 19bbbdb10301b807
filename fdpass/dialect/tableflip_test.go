package dialect

import (
	"bytes"
	"encoding/gob"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// content reads back what the worker reads at descriptor 4.
func content(t *testing.T, p Plan) [][]string {
	t.Helper()
	if len(p.Channels) != 2 || p.Channels[0].FD != 3 || p.Channels[0].Kind != PipeOut || p.Channels[1].FD != 4 || p.Channels[1].Kind != Content {
		t.Fatalf("channels %+v", p.Channels)
	}
	var keys [][]string
	if err := gob.NewDecoder(bytes.NewReader(p.Channels[1].Content)).Decode(&keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestTableflip(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []Socket
		keys [][]string
		at   []Number
	}{
		{"none", nil, nil, nil},
		{"an address", []Socket{tcp("a", "10.0.0.1", 80)}, [][]string{{"listener", "tcp", "10.0.0.1:80"}}, []Number{{5, 0}}},
		{"loopback", []Socket{{Name: "a", Network: "tcp4", Host: "127.0.0.1", Port: 80}},
			[][]string{{"listener", "tcp", "127.0.0.1:80"}, {"listener", "tcp", "localhost:80"}, {"listener", "tcp4", "127.0.0.1:80"}, {"listener", "tcp4", "localhost:80"}},
			[]Number{{5, 0}, {6, 0}, {7, 0}, {8, 0}}},
		{"first of each, then the other spellings", []Socket{tcp("a", "", 80), unixAt("b", "/run/b")},
			[][]string{{"listener", "tcp", ":80"}, {"listener", "unix", "/run/b"}, {"listener", "tcp", "0.0.0.0:80"}, {"listener", "tcp", "[::]:80"}},
			[]Number{{5, 0}, {6, 1}, {7, 0}, {8, 0}}},
		{"a spelling belongs to one", []Socket{{Name: "a", Network: "tcp4", Port: 80}, {Name: "b", Network: "tcp6", Port: 80}},
			[][]string{{"listener", "tcp", "0.0.0.0:80"}, {"listener", "tcp", "[::]:80"}, {"listener", "tcp", ":80"}, {"listener", "tcp4", "0.0.0.0:80"},
				{"listener", "tcp4", ":80"}, {"listener", "tcp6", "[::]:80"}, {"listener", "tcp6", ":80"}},
			[]Number{{5, 0}, {6, 1}, {7, 0}, {8, 0}, {9, 0}, {10, 1}, {11, 1}}},
		{"other kinds", []Socket{{Name: "u", Network: "udp", Host: "10.0.0.1", Port: 53}, {Name: "g", Network: "unixgram", Path: "/g"},
			{Name: "p", Network: "unixpacket", Path: "/p"}, {Name: "f", Network: "fifo", Path: "/f"}},
			[][]string{{"packet", "udp", "10.0.0.1:53"}, {"packet", "unixgram", "/g"}, {"listener", "unixpacket", "/p"}, {"fd", "f", ""}},
			[]Number{{5, 0}, {6, 1}, {7, 2}, {8, 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Combine([]string{"tableflip"}, Input{Sockets: c.in})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.keys, content(t, p)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.at, p.Numbers); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"TABLEFLIP_HAS_PARENT_7DIU3=yes"}, p.Env); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
	runOwns(t, tableflip(), map[string]bool{"TABLEFLIP_HAS_PARENT_7DIU3": true, "TABLEFLIP": false})
}

func TestTableflipReady(t *testing.T) {
	p, err := Combine([]string{"tableflip"}, Input{})
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]bool{"": false, "*": true, "x": false, "\x00*": false} {
		if got := p.Channels[0].Said([]byte(said)); got != want {
			t.Errorf("%q says ready: %v, want %v", said, got, want)
		}
	}
}
