package dialect

import "testing"

func TestUpstart(t *testing.T) {
	one := Input{Sockets: []Socket{tcp("web", "", 80)}}
	runCases(t, []combineCase{{
		name:     "one",
		dialects: []string{"upstart"},
		in:       one,
		want:     Plan{Numbers: []Number{{3, 0}}, Env: []string{"UPSTART_EVENTS=socket", "UPSTART_FDS=3"}},
	}, {
		name:     "none",
		dialects: []string{"upstart"},
		wantErr:  `cannot hand over sockets by "upstart": it passes exactly one listener, and the service has 0`,
	}})
	runOwns(t, upstart(), map[string]bool{"UPSTART_EVENTS": true, "UPSTART_FDS": true, "UPSTART_JOB": false})
}

func TestNone(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "numbers and no words",
		dialects: []string{"none"},
		in:       mixed(),
		want:     Plan{Numbers: []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}, {7, 4}, {8, 5}, {9, 6}}},
	}})
}
