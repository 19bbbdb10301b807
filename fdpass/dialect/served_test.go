package dialect

import (
	"strings"
	"testing"
)

func TestServed(t *testing.T) {
	web, admin := tcp("web", "", 80), unixAt("admin", "/run/a.sock")
	dns := Socket{Name: "dns", Network: "udp", Port: 53}
	long := "/" + strings.Repeat("x", 100)
	runCases(t, []combineCase{{
		name:     "no descriptors, a socket to fetch them from",
		dialects: []string{"haproxy"},
		in:       Input{Sockets: []Socket{web, admin}, RuntimeDir: "/run/w"},
		want:     Plan{Serve: []Served{{Protocol: "haproxy", Path: "/run/w/haproxy.sock"}}},
	}, {
		name:     "several at once",
		dialects: []string{"zerg", "s6-fdholder", "multibinder"},
		in:       Input{Sockets: []Socket{web}, RuntimeDir: "/run/w"},
		want: Plan{
			Env:   []string{"MULTIBINDER_SOCK=/run/w/multibinder.sock"},
			Serve: []Served{{Protocol: "zerg", Path: "/run/w/zerg.sock"}, {Protocol: "s6-fdholder", Path: "/run/w/fdholder.sock"}, {Protocol: "multibinder", Path: "/run/w/multibinder.sock"}},
		},
	}, {
		name:     "beside one that passes descriptors",
		dialects: []string{"nginx", "haproxy"},
		in:       Input{Sockets: []Socket{web}, RuntimeDir: "/run/w"},
		want:     Plan{Numbers: []Number{{3, 0}}, Env: []string{"NGINX=3;"}, Serve: []Served{{Protocol: "haproxy", Path: "/run/w/haproxy.sock"}}},
	}, {
		name:     "everything by name",
		dialects: []string{"s6-fdholder"},
		in:       Input{Sockets: []Socket{dns}, RuntimeDir: "/run/w"},
		want:     Plan{Serve: []Served{{Protocol: "s6-fdholder", Path: "/run/w/fdholder.sock"}}},
	}, {
		name:     "a kind that cannot be asked for",
		dialects: []string{"multibinder"},
		in:       Input{Sockets: []Socket{web, admin}, RuntimeDir: "/run/w"},
		wantErr:  `cannot hand over listener "admin": a unix socket cannot be expressed in multibinder (add "systemd" to handoff)`,
	}, {
		name:     "nothing to serve",
		dialects: []string{"haproxy", "zerg", "s6-fdholder", "multibinder"},
	}, {
		name:     "no folder",
		dialects: []string{"haproxy"},
		in:       Input{Sockets: []Socket{web}},
		wantErr:  `cannot hand over sockets by "haproxy": it serves a socket in the worker's runtime folder, and the worker has none`,
	}, {
		name:     "too long a path",
		dialects: []string{"zerg"},
		in:       Input{Sockets: []Socket{web}, RuntimeDir: long},
		wantErr: `cannot hand over sockets by "zerg": the path "` + long + `/zerg.sock" of the socket that it serves has 111 bytes ` +
			`(at most 107: unix(7); run supervise with a shorter runtime folder)`,
	}, {
		name:     "a name that no identifier can be",
		dialects: []string{"s6-fdholder"},
		in:       Input{Sockets: []Socket{tcp("a\x00b", "", 80)}, RuntimeDir: "/run/w"},
		wantErr:  `cannot hand over sockets by "s6-fdholder": name "a\x00b" contains "\x00" (printable ASCII without ":" is allowed)`,
	}})
	runOwns(t, multibinder(), map[string]bool{"MULTIBINDER_SOCK": true, "MULTIBINDER": false})
}
