package dialect

import (
	"strings"
	"testing"
)

func TestSystemd(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "two sockets",
		dialects: []string{"systemd"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80), unixAt("admin", "/run/a.sock")}},
		want: Plan{
			Numbers:    []Number{{3, 0}, {4, 1}},
			Env:        []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}, {
		name:     "every kind of socket has words",
		dialects: []string{"systemd"},
		in: Input{Sockets: []Socket{{Name: "u", Network: "udp"}, {Name: "v", Network: "vsock"},
			{Name: "f", Network: "fifo", Path: "/f"}, unixAt("a", "@abstract")}},
		want: Plan{
			Numbers:    []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}},
			Env:        []string{"LISTEN_FDS=4", "LISTEN_FDNAMES=u:v:f:a"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}, {
		name:     "no socket, no words",
		dialects: []string{"systemd"},
	}, {
		name:     "a colon in a name would make two of it",
		dialects: []string{"systemd"},
		in:       Input{Sockets: []Socket{tcp("a:b", "", 80)}},
		wantErr:  `cannot hand over sockets by "systemd": name "a:b" contains ":" (printable ASCII without ":" is allowed)`,
	}, {
		name:     "no name",
		dialects: []string{"systemd"},
		in:       Input{Sockets: []Socket{tcp("", "", 80)}},
		wantErr:  `cannot hand over sockets by "systemd": listener "" has no name`,
	}})
}

func TestListenPID(t *testing.T) {
	in := func(mode string) Input { return Input{Sockets: []Socket{tcp("web", "", 80)}, ListenPID: mode} }
	said := Plan{Numbers: []Number{{3, 0}}, Env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}}
	own, parent := said, said
	own.OwnPID, own.OwnPIDFDID = []string{"LISTEN_PID"}, []string{"LISTEN_PIDFDID"}
	parent.ParentPIDPrefixed = []string{"LISTEN_PID"}
	runCases(t, []combineCase{
		{name: "default", dialects: []string{"systemd"}, in: in(""), want: own},
		{name: "own", dialects: []string{"systemd"}, in: in("own"), want: own},
		{name: "omit", dialects: []string{"systemd"}, in: in("omit"), want: said},
		{name: "parent", dialects: []string{"systemd"}, in: in("parent"), want: parent},
		{name: "unknown", dialects: []string{"systemd"}, in: in("child"),
			wantErr: `cannot hand over sockets by "systemd": listen_pid is "child" (own, omit or parent)`},
	})
}

func TestStored(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "after the sockets",
		dialects: []string{"systemd", "einhorn"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}, Stored: []string{"cache", "cache", ""}},
		want: Plan{
			Numbers: []Number{{3, 0}},
			Env: []string{"LISTEN_FDS=4", "LISTEN_FDNAMES=web:cache:cache:",
				"EINHORN_FD_COUNT=1", "EINHORN_FD_0=3", "EINHORN_CHILD_INDEX=0", "EINHORN_FDS=3"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
			ParentPID:  []string{"EINHORN_MASTER_PID"},
			StoredFDs:  []int{4, 5, 6},
		},
	}, {
		name:     "without sockets",
		dialects: []string{"systemd"},
		in:       Input{Stored: []string{"cache"}},
		want: Plan{
			Env:        []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=cache"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
			StoredFDs:  []int{3},
		},
	}, {
		name:     "one socket at another number",
		dialects: []string{"systemd", "stdin"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}, Stored: []string{"cache"}},
		want: Plan{
			Numbers:    []Number{{0, 0}, {3, 0}},
			Env:        []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:cache"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
			StoredFDs:  []int{4},
		},
	}, {
		name:     "a name that would be two",
		dialects: []string{"systemd"},
		in:       Input{Stored: []string{"a:b"}},
		wantErr:  `cannot hand over sockets by "systemd": a stored descriptor: name "a:b" contains ":" (printable ASCII without ":" is allowed)`,
	}})
}

// TestFDNames is systemd's fdname_is_valid.
func TestFDNames(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"", true},
		{"web", true},
		{"with space", true},
		{"~!@#$%^&*()=;,", true},
		{strings.Repeat("x", 255), true},
		{strings.Repeat("x", 256), false},
		{"a:b", false},
		{"a\nb", false},
		{"a\x00b", false},
		{"\x7f", false},
		{"é", false},
	} {
		if err := checkChars(c.name); (err == nil) != c.ok {
			t.Errorf("checkChars(%q) = %v, want ok %v", c.name, err, c.ok)
		}
	}
}

func TestOwnsSystemd(t *testing.T) {
	runOwns(t, systemd(), map[string]bool{
		"LISTEN_FDS": true, "LISTEN_PID": true, "LISTEN_FDNAMES": true, "LISTEN_PIDFDID": true,
		"LISTEN": false, "LISTEN_FDS_START": false, "NOTIFY_SOCKET": false,
	})
}
