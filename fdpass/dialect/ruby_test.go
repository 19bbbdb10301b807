package dialect

import "testing"

// mixed is one socket of every kind that programs tell apart.
func mixed() Input {
	return Input{Sockets: []Socket{
		tcp("any", "", 80), {Name: "four", Network: "tcp4", Port: 81}, tcp("six", "::1", 82), tcp("one", "127.0.0.1", 83),
		unixAt("path", "/run/p.sock"), unixAt("abs", "@abs"), {Name: "dns", Network: "udp", Port: 53},
	}}
}

// with adds systemd's words for the seven of mixed.
func (p Plan) with(env ...string) Plan {
	said := []string{"LISTEN_FDS=7", "LISTEN_FDNAMES=any:four:six:one:path:abs:dns"}
	p.Numbers = []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}, {7, 4}, {8, 5}, {9, 6}}
	p.Env = append(said, env...)
	p.OwnPID, p.OwnPIDFDID = []string{"LISTEN_PID"}, []string{"LISTEN_PIDFDID"}
	return p
}

func TestUnicorn(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "numbers",
		dialects: []string{"unicorn"},
		in:       Input{Sockets: mixed().Sockets[:6]},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}, {7, 4}, {8, 5}}, Env: []string{"UNICORN_FD=3,4,5,6,7,8"}},
	}, {
		name:     "no datagrams",
		dialects: []string{"systemd", "unicorn"},
		in:       mixed(),
		want:     Plan{}.with("UNICORN_FD=3,4,5,6,7,8"),
	}, {
		name:     "no socket, no words",
		dialects: []string{"unicorn"},
	}})
	runOwns(t, unicorn(), map[string]bool{"UNICORN_FD": true, "UNICORN": false})
}

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

func TestGunicorn(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "its parent is the older master",
		dialects: []string{"gunicorn"},
		in:       Input{Sockets: mixed().Sockets[3:5]},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}}, Env: []string{"GUNICORN_FD=3,4"}, ParentPID: []string{"GUNICORN_PID"}},
	}, {
		name:     "no socket, no older master",
		dialects: []string{"gunicorn"},
	}})
	runOwns(t, gunicorn(), map[string]bool{"GUNICORN_FD": true, "GUNICORN_PID": true, "GUNICORN_CMD_ARGS": false})
}

func TestNghttpx(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "counted from 1, without a gap",
		dialects: []string{"systemd", "nghttpx"},
		in:       mixed(),
		want: Plan{ParentPID: []string{"NGHTTPX_ORIG_PID"}, Parent: &Parent{Ready: 3}}.with(
			"NGHTTPX_ACCEPT_1=tcp,3", "NGHTTPX_ACCEPT_2=tcp,4", "NGHTTPX_ACCEPT_3=tcp,5", "NGHTTPX_ACCEPT_4=tcp,6", "NGHTTPX_ACCEPT_5=unix,7,/run/p.sock"),
	}, {
		name:     "nobody to signal without sockets",
		dialects: []string{"nghttpx"},
	}})
	runOwns(t, nghttpx(), map[string]bool{"NGHTTPX_ACCEPT_1": true, "NGHTTPX_ORIG_PID": true, "NGHTTPX_UNIX_FD": true,
		"NGHTTPX_QUIC_WORKER_PROCESS_1": true, "NGHTTPX_ACCEPT_x": false, "NGHTTPX": false})
}
