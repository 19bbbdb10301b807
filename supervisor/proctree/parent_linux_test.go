package proctree

import (
	"os"
	"testing"
)

func TestParent(t *testing.T) {
	if got := Parent(os.Getpid()); got != os.Getppid() {
		t.Errorf("%d, want %d", got, os.Getppid())
	}
	if got := Parent(1 << 30); got != 0 {
		t.Errorf("of a process that does not exist: %d", got)
	}
}
