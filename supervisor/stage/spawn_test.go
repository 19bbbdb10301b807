//go:build linux

package stage

import (
	"os/exec"
	"testing"
)

// BenchmarkSpawn is the time to start a worker through a stage, until it has
// exited; "plain" is the same program by os/exec alone.
func BenchmarkSpawn(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stage", func(b *testing.B) {
		plan := encode(b, Plan{Command: []string{"true"}, Env: []string{path}, OwnPID: []string{"LISTEN_PID"}})
		for b.Loop() {
			s := startStage(b, "stage", nil, nil)
			if err := s.send(b, plan); err != nil {
				b.Fatal(err)
			}
			if err := s.cmd.Wait(); err != nil {
				b.Fatal(err)
			}
			s.status.Close()
		}
	})
}
