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
		{Exit{Code: 0xc0000005}, "was ended by an access violation (0xc0000005)", false},
		{Exit{Code: 0xc000013a}, "was ended by Ctrl-C or Ctrl-Break (0xc000013a)", false},
		{Exit{Code: 0xc0001234}, "exited with status 0xc0001234", false},
		{Exit{Code: 0xbfffffff}, "exited with status 3221225471", false},
		{Exit{Code: -1}, "exited with status -1", false},
		{Exit{Code: 2, OutOfMemory: "out of memory: limits.memory_max = 64MiB"}, "exited with status 2 (out of memory: limits.memory_max = 64MiB)", false},
		{Exit{Signal: syscall.SIGKILL, OutOfMemory: "out of memory"}, "was killed by SIGKILL (out of memory)", false},
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
