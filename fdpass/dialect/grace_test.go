package dialect

import (
	"syscall"
	"testing"
)

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
