package dialect

import (
	"strings"
	"testing"
)

func TestEinhorn(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "two sockets, second worker",
		dialects: []string{"einhorn"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80), unixAt("admin", "/run/a.sock")}, Worker: 1, Generation: 7},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}},
			Env: []string{"EINHORN_FD_COUNT=2", "EINHORN_FD_0=3", "EINHORN_FD_1=4",
				"EINHORN_CHILD_INDEX=1", "EINHORN_FDS=3 4"},
			ParentPID: []string{"EINHORN_MASTER_PID"},
		},
	}, {
		name:     "any kind of socket",
		dialects: []string{"einhorn"},
		in:       Input{Sockets: []Socket{{Name: "u:v", Network: "udp", Port: 53}}},
		want: Plan{
			Numbers:   []Number{{3, 0}},
			Env:       []string{"EINHORN_FD_COUNT=1", "EINHORN_FD_0=3", "EINHORN_CHILD_INDEX=0", "EINHORN_FDS=3"},
			ParentPID: []string{"EINHORN_MASTER_PID"},
		},
	}, {
		name:     "a socket to acknowledge to",
		dialects: []string{"einhorn"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}, RuntimeDir: "/run/w"},
		want: Plan{
			Numbers: []Number{{3, 0}},
			Env: []string{"EINHORN_FD_COUNT=1", "EINHORN_FD_0=3", "EINHORN_CHILD_INDEX=0", "EINHORN_FDS=3",
				"EINHORN_SOCK_PATH=/run/w/einhorn.sock"},
			ParentPID: []string{"EINHORN_MASTER_PID"},
			Serve:     []Served{{Protocol: "einhorn", Path: "/run/w/einhorn.sock"}},
		},
	}, {
		name:     "none where its path would be too long",
		dialects: []string{"einhorn"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}, RuntimeDir: "/" + strings.Repeat("x", 95)},
		want: Plan{
			Numbers:   []Number{{3, 0}},
			Env:       []string{"EINHORN_FD_COUNT=1", "EINHORN_FD_0=3", "EINHORN_CHILD_INDEX=0", "EINHORN_FDS=3"},
			ParentPID: []string{"EINHORN_MASTER_PID"},
		},
	}, {
		name:     "no socket, no words",
		dialects: []string{"einhorn"},
		in:       Input{Worker: 3},
	}})
}

func TestOwnsEinhorn(t *testing.T) {
	runOwns(t, einhorn(), map[string]bool{
		"EINHORN_MASTER_PID": true, "EINHORN_FD_COUNT": true, "EINHORN_FD_17": true, "EINHORN_FD_FAMILY_0": true,
		"EINHORN_FDS": true, "EINHORN_CHILD_INDEX": true, "EINHORN_SOCK_PATH": true, "EINHORN_SOCK_FD": true,
		"EINHORN_VERBOSITY": false, "EINHORN": false,
	})
}
