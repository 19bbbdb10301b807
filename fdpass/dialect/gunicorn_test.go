package dialect

import "testing"

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
