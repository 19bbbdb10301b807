package main

import "testing"

func TestNotInPlace(t *testing.T) {
	for want, err := range map[string]error{
		`cannot upgrade: on Windows workers end with supervise; stop it (Ctrl-C: workers finish what they have), replace "supervise.exe", and start it again`: notInPlace("windows", "supervise.exe", false),
		`cannot upgrade: on Windows workers end with supervise; stop the service (supervise service stop: workers finish what they have), ` +
			`replace "supervise.exe", and start it again (supervise service start)`: notInPlace("windows", "supervise.exe", true),
		`cannot upgrade: on macOS workers end with supervise; stop it (Ctrl-C: workers finish what they have), replace "supervise", and start it again`: notInPlace("darwin", "supervise", false),
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
