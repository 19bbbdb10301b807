package dialect

import "testing"

func TestServerStarter(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "keys",
		dialects: []string{"server-starter"},
		in: Input{Generation: 3, Sockets: []Socket{
			tcp("a", "", 8080), tcp("b", "127.0.0.1", 8080), tcp("c", "::1", 8080), unixAt("d", "/run/d.sock"),
		}},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}},
			Env: []string{"SERVER_STARTER_PORT=8080=3;127.0.0.1:8080=4;[::1]:8080=5;/run/d.sock=6",
				"SERVER_STARTER_GENERATION=3"},
		},
	}, {
		name:     "a path with a separator",
		dialects: []string{"server-starter"},
		in:       Input{Sockets: []Socket{unixAt("d", "/run/d;1.sock")}},
		wantErr: `cannot hand over sockets by "server-starter": path "/run/d;1.sock" of listener "d" contains ";", ` +
			`which separates entries there (choose another path, or leave this dialect out of handoff)`,
	}, {
		name:     "what it has no words for, alone",
		dialects: []string{"server-starter"},
		in:       Input{Sockets: []Socket{tcp("a", "", 8080), {Name: "dns", Network: "udp", Port: 53}}},
		wantErr:  `cannot hand over listener "dns": a udp socket cannot be expressed in server-starter (add "systemd" to handoff)`,
	}, {
		name:     "what it has no words for keeps its number",
		dialects: []string{"systemd", "server-starter"},
		in:       Input{Generation: 1, Sockets: []Socket{{Name: "dns", Network: "udp", Port: 53}, tcp("a", "", 8080)}},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}},
			Env: []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=dns:a",
				"SERVER_STARTER_PORT=8080=4", "SERVER_STARTER_GENERATION=1"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}, {
		name:     "never an empty SERVER_STARTER_PORT",
		dialects: []string{"systemd", "server-starter"},
		in:       Input{Generation: 1, Sockets: []Socket{unixAt("x", "@x")}},
		want: Plan{
			Numbers:    []Number{{3, 0}},
			Env:        []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=x"},
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
		},
	}})
}

func TestPortKey(t *testing.T) {
	for _, c := range []struct {
		socket Socket
		key    string
		err    bool
	}{
		{Socket{Network: "tcp", Port: 80}, "80", false},
		{Socket{Network: "tcp", Host: "::", Port: 80}, "80", false},
		{Socket{Network: "tcp4", Host: "0.0.0.0", Port: 80}, "80", false},
		{Socket{Network: "tcp6", Port: 80}, "[::]:80", false},
		{Socket{Network: "tcp6", Host: "::", Port: 80}, "[::]:80", false},
		{Socket{Network: "tcp6", Host: "fe80::1%eth0", Port: 80}, "[fe80::1%eth0]:80", false},
		{Socket{Network: "tcp4", Host: "10.0.0.1", Port: 80}, "10.0.0.1:80", false},
		{Socket{Network: "unix", Path: "/run/x.sock"}, "/run/x.sock", false},
		{Socket{Network: "unix", Path: "/run/x:y"}, "/run/x:y", false},
		{Socket{Network: "unix", Path: "/run/x:"}, "/run/x:", false},
		{Socket{Network: "unix", Path: "/run/x:80"}, "/run/x:80", true},
		{Socket{Network: "unix", Path: "8080"}, "8080", true},
		{Socket{Network: "unix", Path: "/run/a=b"}, "/run/a=b", true},
		{Socket{Network: "unix", Path: "@x"}, "", false},
		{Socket{Network: "unixgram", Path: "/run/x"}, "", false},
		{Socket{Network: "unixpacket", Path: "/run/x"}, "", false},
		{Socket{Network: "udp", Port: 53}, "", false},
		{Socket{Network: "vsock", Host: "3", Port: 53}, "", false},
		{Socket{Network: "fifo", Path: "/run/f"}, "", false},
	} {
		key, ok, err := portKey(c.socket)
		if key != c.key || ok != (c.key != "") || (err != nil) != c.err {
			t.Errorf("portKey(%+v) = %q, %v, %v; want %q and error %v", c.socket, key, ok, err, c.key, c.err)
		}
	}
}

func TestOwnsServerStarter(t *testing.T) {
	runOwns(t, serverStarter(), map[string]bool{
		"SERVER_STARTER_PORT": true, "SERVER_STARTER_GENERATION": true, "SERVER_STARTER": false,
	})
}
