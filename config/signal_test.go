package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseSignal(t *testing.T) {
	tests := []struct{ text, want string }{
		{"SIGTERM", "SIGTERM"}, {"TERM", "SIGTERM"}, {"term", "SIGTERM"}, {"sigterm", "SIGTERM"}, {"15", "SIGTERM"},
		{"1", "SIGHUP"}, {"31", "SIGSYS"}, {"34", "SIGRTMIN"}, {"37", "SIGRTMIN+3"}, {"64", "SIGRTMIN+30"},
		{"RTMIN+3", "SIGRTMIN+3"}, {"SIGRTMIN+0", "SIGRTMIN"}, {"SIGRTMIN+30", "SIGRTMIN+30"}, {"USR2", "SIGUSR2"},
	}
	for _, test := range tests {
		if got, err := ParseSignal(test.text); got != test.want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", test.text, got, err, test.want)
		}
	}
}

func TestParseSignalError(t *testing.T) {
	tests := []struct{ text, want string }{
		{"SIGTREM", `cannot use "SIGTREM": there is no such signal (did you mean "SIGTERM"?)`},
		{"0", `cannot use "0": there is no such signal (signals are 1 to 64)`},
		{"-1", `cannot use "-1": there is no such signal (signals are 1 to 64)`},
		{"65", `cannot use "65": there is no such signal (signals are 1 to 64)`},
		{"33", `cannot use "33": the C library uses this signal itself (real-time signals for programs start at 34)`},
		{"", `cannot use "": there is no such signal (write a name like "SIGTERM"; all are in signal(7))`},
		{"SIGRTMIN+31", `cannot use "SIGRTMIN+31": there is no such signal (write a name like "SIGTERM"; all are in signal(7))`},
	}
	for _, test := range tests {
		if _, err := ParseSignal(test.text); err == nil || err.Error() != test.want {
			t.Errorf("%q: got %v\nwant %s", test.text, err, test.want)
		}
	}
}

// Every number has one name, and every name its number.
func TestSignalRoundTrip(t *testing.T) {
	for number := 1; number <= signalRealTimeMax; number++ {
		name, err := ParseSignal(fmt.Sprint(number))
		if number == 32 || number == 33 {
			if err == nil {
				t.Errorf("%d has the name %s", number, name)
			}
			continue
		}
		if back, ok := SignalNumber(name); err != nil || !ok || back != number || !strings.HasPrefix(name, "SIG") {
			t.Errorf("%d: name %q, back to %d, %v", number, name, back, err)
		}
	}
	for _, name := range []string{"", "SIG", "TERM", "SIGRTMIN-1", "SIGRTMIN+", "SIGRTMIN++1", "SIGRTMIN+300", "SIGRTMINX"} {
		if number, ok := SignalNumber(name); ok {
			t.Errorf("%q has the number %d", name, number)
		}
	}
}
