package dialect

import (
	"bytes"
	"encoding/gob"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverseer(t *testing.T) {
	stay := &Parent{Stay: true}
	runCases(t, []combineCase{{
		name:     "two sockets",
		dialects: []string{"overseer"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80), unixAt("b", "/run/b")}, Generation: 4, Command: []string{"/bin/app", "-x"}},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}},
			Env:     []string{"OVERSEER_IS_SLAVE=1", "OVERSEER_NUM_FDS=2", "OVERSEER_SLAVE_ID=4", "OVERSEER_BIN_PATH=/bin/app"},
			Parent:  stay,
		},
	}, {
		name:     "it asks for a number also where there is none",
		dialects: []string{"overseer"},
		want:     Plan{Env: []string{"OVERSEER_IS_SLAVE=1", "OVERSEER_NUM_FDS=0", "OVERSEER_SLAVE_ID=0"}, Parent: stay},
	}, {
		name:     "datagrams",
		dialects: []string{"overseer"},
		in:       Input{Sockets: []Socket{{Name: "dns", Network: "udp"}}},
		wantErr: `cannot hand over sockets by "overseer": its programs take every descriptor for one to accept from, and listener "dns" is a udp socket ` +
			`(give the service other listeners, or use another dialect)`,
	}})
	runOwns(t, overseer(), map[string]bool{"OVERSEER_IS_SLAVE": true, "OVERSEER_BIN_ID": true, "OVERSEER_BIN_CHECK": true, "OVERSEER": false})
}

func TestEndless(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "every server kills the parent, so it stays",
		dialects: []string{"endless"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80), tcp("b", "", 81)}},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}}, Env: []string{"ENDLESS_CONTINUE=1"}, Parent: &Parent{Ready: syscall.SIGTERM, Stay: true}},
	}, {
		name:     "unix sockets make it panic",
		dialects: []string{"endless"},
		in:       Input{Sockets: []Socket{unixAt("b", "/run/b")}},
		wantErr: `cannot hand over sockets by "endless": its programs take every descriptor for one to accept from, and listener "b" is a unix socket ` +
			`(give the service other listeners, or use another dialect)`,
	}, {
		name:     "no socket, no words",
		dialects: []string{"endless"},
	}})
	runOwns(t, endless(), map[string]bool{"ENDLESS_CONTINUE": true, "ENDLESS_SOCKET_ORDER": true, "ENDLESS": false})
}

func TestGrace(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "a bare count",
		dialects: []string{"grace"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80), unixAt("b", "/run/b")}},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}}, Env: []string{"LISTEN_FDS=2"}, Parent: &Parent{Ready: syscall.SIGTERM}},
	}, {
		name:     "beside systemd, with one count",
		dialects: []string{"systemd", "grace"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80)}},
		want: Plan{
			Numbers:    []Number{{3, 0}},
			Env:        []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=a"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
			Parent:     &Parent{Ready: syscall.SIGTERM},
		},
	}})
	runOwns(t, grace(), map[string]bool{"LISTEN_FDS": true, "LISTEN_PID": false})
}

func TestGoagain(t *testing.T) {
	one := func(s Socket) Input { return Input{Sockets: []Socket{s}} }
	want := func(name string) Plan {
		return Plan{
			Numbers:   []Number{{3, 0}},
			Env:       []string{"GOAGAIN_FD=3", "GOAGAIN_NAME=" + name, "GOAGAIN_SIGNAL=3"},
			ParentPID: []string{"GOAGAIN_PPID"},
			Parent:    &Parent{Ready: syscall.SIGQUIT},
		}
	}
	runCases(t, []combineCase{
		{name: "tcp", dialects: []string{"goagain"}, in: one(tcp("a", "127.0.0.1", 80)), want: want("tcp:127.0.0.1:80->")},
		{name: "unix", dialects: []string{"goagain"}, in: one(unixAt("a", "/run/a")), want: want("unix:/run/a->")},
		{name: "one at most", dialects: []string{"goagain"}, in: Input{Sockets: []Socket{tcp("a", "", 1), tcp("b", "", 2)}},
			wantErr: `cannot hand over sockets by "goagain": it passes exactly one listener, and the service has 2`},
		{name: "seqpacket", dialects: []string{"goagain"}, in: one(Socket{Name: "p", Network: "unixpacket", Path: "/p"}),
			wantErr: `cannot hand over sockets by "goagain": its programs take every descriptor for one to accept from, and listener "p" is a unixpacket socket ` +
				`(give the service other listeners, or use another dialect)`},
	})
	runOwns(t, goagain(), map[string]bool{"GOAGAIN_FD": true, "GOAGAIN_NAME": true, "GOAGAIN_PID": true, "GOAGAIN_PPID": true, "GOAGAIN_SIGNAL": true, "GOAGAIN": false})
}

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
