package dialect

import "testing"

func TestOverseer(t *testing.T) {
	stay := &Parent{Stay: true}
	runCases(t, []combineCase{{
		name:     "two sockets",
		dialects: []string{"overseer"},
		in:       Input{Sockets: []Socket{tcp("a", "", 80), unixAt("b", "/run/b")}, Generation: 4, Command: []string{"/bin/app", "-x"}},
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}},
			Env:     []string{"OVERSEER_IS_SLAVE=1", "OVERSEER_NUM_FDS=2", "OVERSEER_SLAVE_ID=4", "OVERSEER_BIN_PATH=/bin/app"},
			Parent:  stay,
		},
	}, {
		name:     "it asks for a number also where there is none",
		dialects: []string{"overseer"},
		want:     Plan{Env: []string{"OVERSEER_IS_SLAVE=1", "OVERSEER_NUM_FDS=0", "OVERSEER_SLAVE_ID=0"}, Parent: stay},
	}, {
		name:     "datagrams",
		dialects: []string{"overseer"},
		in:       Input{Sockets: []Socket{{Name: "dns", Network: "udp"}}},
		wantErr: `cannot hand over sockets by "overseer": its programs take every descriptor for one to accept from, and listener "dns" is a udp socket ` +
			`(give the service other listeners, or use another dialect)`,
	}})
	runOwns(t, overseer(), map[string]bool{"OVERSEER_IS_SLAVE": true, "OVERSEER_BIN_ID": true, "OVERSEER_BIN_CHECK": true, "OVERSEER": false})
}
