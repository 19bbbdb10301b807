package dialect

import (
	"syscall"
	"testing"
)

func TestGoagain(t *testing.T) {
	one := func(s Socket) Input { return Input{Sockets: []Socket{s}} }
	want := func(name string) Plan {
		return Plan{
			Numbers:   []Number{{3, 0}},
			Env:       []string{"GOAGAIN_FD=3", "GOAGAIN_NAME=" + name, "GOAGAIN_SIGNAL=3"},
			ParentPID: []string{"GOAGAIN_PPID"},
			Parent:    &Parent{Ready: syscall.SIGQUIT},
		}
	}
	runCases(t, []combineCase{
		{name: "tcp", dialects: []string{"goagain"}, in: one(tcp("a", "127.0.0.1", 80)), want: want("tcp:127.0.0.1:80->")},
		{name: "unix", dialects: []string{"goagain"}, in: one(unixAt("a", "/run/a")), want: want("unix:/run/a->")},
		{name: "one at most", dialects: []string{"goagain"}, in: Input{Sockets: []Socket{tcp("a", "", 1), tcp("b", "", 2)}},
			wantErr: `cannot hand over sockets by "goagain": it passes exactly one listener, and the service has 2`},
		{name: "seqpacket", dialects: []string{"goagain"}, in: one(Socket{Name: "p", Network: "unixpacket", Path: "/p"}),
			wantErr: `cannot hand over sockets by "goagain": its programs take every descriptor for one to accept from, and listener "p" is a unixpacket socket ` +
				`(give the service other listeners, or use another dialect)`},
	})
	runOwns(t, goagain(), map[string]bool{"GOAGAIN_FD": true, "GOAGAIN_NAME": true, "GOAGAIN_PID": true, "GOAGAIN_PPID": true, "GOAGAIN_SIGNAL": true, "GOAGAIN": false})
}
