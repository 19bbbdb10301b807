package dialect

import "testing"

func TestStdin(t *testing.T) {
	one := []Socket{tcp("web", "", 80)}
	runCases(t, []combineCase{{
		name:     "alone",
		dialects: []string{"stdin"},
		in:       Input{Sockets: one},
		want:     Plan{Numbers: []Number{{0, 0}}},
	}, {
		name:     "any kind of socket",
		dialects: []string{"stdin"},
		in:       Input{Sockets: []Socket{{Name: "f", Network: "fifo", Path: "/f"}}},
		want:     Plan{Numbers: []Number{{0, 0}}},
	}, {
		name:     "with another dialect",
		dialects: []string{"systemd", "stdin"},
		in:       Input{Sockets: one},
		want: Plan{
			Numbers:    []Number{{0, 0}, {3, 0}},
			Env:        []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}, {
		name:     "two sockets",
		dialects: []string{"stdin"},
		in:       Input{Sockets: append(one, one...)},
		wantErr:  `cannot hand over sockets by "stdin": it passes exactly one listener, as descriptor 0, and the service has 2`,
	}, {
		name:     "no socket",
		dialects: []string{"stdin"},
		wantErr:  `cannot hand over sockets by "stdin": it passes exactly one listener, as descriptor 0, and the service has 0`,
	}})
}
