package dialect

import "testing"

func TestPuma(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "binds",
		dialects: []string{"systemd", "puma"},
		in:       mixed(),
		want: Plan{}.with(
			"PUMA_INHERIT_0=3:tcp://[::]:80", "PUMA_INHERIT_1=4:tcp://0.0.0.0:81", "PUMA_INHERIT_2=5:tcp://[::1]:82",
			"PUMA_INHERIT_3=6:tcp://127.0.0.1:83", "PUMA_INHERIT_4=7:unix:///run/p.sock", "PUMA_INHERIT_5=8:unix://@abs"),
	}, {
		name:     "no gap where it has no words",
		dialects: []string{"systemd", "puma"},
		in:       Input{Sockets: []Socket{mixed().Sockets[6], mixed().Sockets[3]}},
		want: Plan{
			Numbers:    []Number{{3, 0}, {4, 1}},
			Env:        []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=dns:one", "PUMA_INHERIT_0=4:tcp://127.0.0.1:83"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}})
	runOwns(t, puma(), map[string]bool{"PUMA_INHERIT_0": true, "PUMA_INHERIT_12": true, "PUMA_INHERIT_": false, "PUMA_ENV": false})
}
