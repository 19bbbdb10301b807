package keeper

import (
	"syscall"
	"testing"
)

func TestExit(t *testing.T) {
	tests := []struct {
		exit    Exit
		text    string
		success bool
	}{
		{Exit{}, "exited with status 0", true},
		{Exit{Code: 3}, "exited with status 3", false},
		{Exit{Signal: syscall.SIGKILL}, "was killed by " + signalName(syscall.SIGKILL), false},
		{Exit{Signal: syscall.SIGSEGV, CoreDumped: true}, "was killed by " + signalName(syscall.SIGSEGV) + " (core dumped)", false},
		{Exit{Unknown: true}, "exited", false},
	}
	for _, tt := range tests {
		if got := tt.exit.String(); got != tt.text {
			t.Errorf("%+v is %q, want %q", tt.exit, got, tt.text)
		}
		if got := tt.exit.Success(); got != tt.success {
			t.Errorf("%+v is success: %t", tt.exit, got)
		}
	}
}
