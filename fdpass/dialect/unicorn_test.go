package dialect

import "testing"

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
