package dialect

import "testing"

func TestAdopt(t *testing.T) {
	in := Input{Sockets: []Socket{tcp("web", "127.0.0.1", 80), {Name: "app", Network: "unix", Path: "/run/app.sock"}}}
	runCases(t, []combineCase{
		{name: "nothing is given", dialects: []string{"adopt"}, in: in, want: Plan{Adopt: true}},
		{name: "beside none", dialects: []string{"adopt", "none"}, in: in, want: Plan{Adopt: true}},
		{name: "after none", dialects: []string{"none", "adopt"}, in: in, want: Plan{Adopt: true}},
		{
			name: "beside one that gives", dialects: []string{"systemd", "adopt"}, in: in,
			wantErr: `cannot hand over sockets by "adopt": the program makes its own, and "systemd" gives it some (use one of the two)`,
		},
		{
			name: "stored ones", dialects: []string{"adopt"}, in: Input{Sockets: in.Sockets, Stored: []string{"cache"}},
			wantErr: `cannot hand over 1 stored descriptors: adopt cannot express them (add "systemd" to handoff, or set fd_store to 0)`,
		},
	})
}

// A worker that makes its sockets has no number for them, and every number is free for channels.
func TestAdoptLeavesNumbersFree(t *testing.T) {
	p, err := Combine([]string{"adopt"}, Input{Sockets: []Socket{tcp("web", "", 80)}})
	if err != nil {
		t.Fatal(err)
	}
	if FD(p, 0) != -1 || Free(p) != firstFD {
		t.Errorf("the socket is at %d, and %d is free", FD(p, 0), Free(p))
	}
}
