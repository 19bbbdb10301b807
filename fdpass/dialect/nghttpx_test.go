package dialect

import "testing"

func TestNghttpx(t *testing.T) {
	runCases(t, []combineCase{{
		name:     "counted from 1, without a gap",
		dialects: []string{"systemd", "nghttpx"},
		in:       mixed(),
		want: Plan{ParentPID: []string{"NGHTTPX_ORIG_PID"}, Parent: &Parent{Ready: 3}, Nonblocking: true}.with(
			"NGHTTPX_ACCEPT_1=tcp,3", "NGHTTPX_ACCEPT_2=tcp,4", "NGHTTPX_ACCEPT_3=tcp,5", "NGHTTPX_ACCEPT_4=tcp,6", "NGHTTPX_ACCEPT_5=unix,7,/run/p.sock"),
	}, {
		name:     "nobody to signal without sockets",
		dialects: []string{"nghttpx"},
	}})
	runOwns(t, nghttpx(), map[string]bool{"NGHTTPX_ACCEPT_1": true, "NGHTTPX_ORIG_PID": true, "NGHTTPX_UNIX_FD": true,
		"NGHTTPX_QUIC_WORKER_PROCESS_1": true, "NGHTTPX_ACCEPT_x": false, "NGHTTPX": false})
}
