package dialect

import "testing"

func TestNginx(t *testing.T) {
	in := Input{Sockets: []Socket{
		tcp("web", "", 80), {Name: "dns", Network: "udp", Port: 53}, {Name: "vs", Network: "vsock", Host: "3", Port: 1}, unixAt("u", "/run/u.sock"),
	}}
	runCases(t, []combineCase{{
		name:     "every number with its end",
		dialects: []string{"nginx"},
		in:       Input{Sockets: in.Sockets[:2]},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}}, Env: []string{"NGINX=3;4;"}},
	}, {
		name:     "Angie's variable",
		dialects: []string{"angie"},
		in:       Input{Sockets: in.Sockets[:1]},
		want:     Plan{Numbers: []Number{{3, 0}}, Env: []string{"ANGIE=3;"}},
	}, {
		name:     "what no listen directive can name keeps its number",
		dialects: []string{"nginx", "systemd"},
		in:       in,
		want: Plan{
			Numbers:    []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}},
			Env:        []string{"NGINX=3;4;6;", "LISTEN_FDS=4", "LISTEN_FDNAMES=web:dns:vs:u"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}, {
		name:     "nothing that it can name",
		dialects: []string{"nginx"},
		in:       Input{Sockets: []Socket{unixAt("a", "@abstract")}},
		wantErr:  `cannot hand over listener "a": an abstract unix socket cannot be expressed in nginx (add "systemd" to handoff)`,
	}, {
		name:     "no socket, no words",
		dialects: []string{"nginx", "angie"},
	}})
}

func TestOwnsNginx(t *testing.T) {
	runOwns(t, nginx(), map[string]bool{"NGINX": true, "NGINX_VERSION": false, "ANGIE": false})
	runOwns(t, angie(), map[string]bool{"ANGIE": true, "NGINX": false})
}
