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
