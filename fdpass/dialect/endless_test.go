package dialect

import (
	"syscall"
	"testing"
)

func TestEndless(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "every server kills the parent, so it stays",
		dialects: []string{"endless"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80), tcp("b", "", 81)}},
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}}, Env: []string{"ENDLESS_CONTINUE=1"}, Parent: &Parent{Ready: syscall.SIGTERM, Stay: true}},
	}, {
		name:     "unix sockets make it panic",
		dialects: []string{"endless"},
		in:       Input{Sockets: []Socket{unixAt("b", "/run/b")}},
		wantErr: `cannot hand over sockets by "endless": its programs take every descriptor for one to accept from, and listener "b" is a unix socket ` +
			`(give the service other listeners, or use another dialect)`,
	}, {
		name:     "no socket, no words",
		dialects: []string{"endless"},
	}})
	runOwns(t, endless(), map[string]bool{"ENDLESS_CONTINUE": true, "ENDLESS_SOCKET_ORDER": true, "ENDLESS": false})
}
