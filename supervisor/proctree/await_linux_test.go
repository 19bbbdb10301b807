package proctree

import (
	"os/exec"
	"testing"
)

func TestProcAwaitEnd(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- AwaitEnd(cmd.Process.Pid) }()
	select {
	case err := <-ended:
		t.Fatalf("it came back while the process lives: %v", err)
	default:
	}
	in.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	if err := AwaitEnd(cmd.Process.Pid); err != nil {
		t.Errorf("of one that is gone: %v", err)
	}
}
