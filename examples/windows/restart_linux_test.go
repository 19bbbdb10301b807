package windows_test

import (
	"testing"
	"time"
)

// handoffs are the two ways in which a listener comes to a worker of Windows.
var handoffs = map[string]string{
	"inherit":   `handoff = ["systemd"]`, // on Windows: as inherited handles. It is written as for every other system
	"duplicate": `handoff = ["systemfd"]`,
}

// TestProcRestart replaces the worker under load again and again.
func TestProcRestart(t *testing.T) {
	for name, line := range handoffs {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, name, line)
			s.start()
			result := s.drill(func(int) error {
				_, err := s.supervise("restart", "hello", "--config", s.file)
				return err
			})
			if result.Lost() != 0 || result.Restarts != restarts {
				t.Errorf("%d lost: %q", result.Lost(), result.Failed)
			}
		})
	}
}

// TestProcKilledWorker kills it instead: what it has accepted is lost, but nobody is refused.
func TestProcKilledWorker(t *testing.T) {
	for name, line := range handoffs {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "killed-"+name, line+"\n  restart { backoff_max = \"100ms\" }")
			s.start()
			pid := s.awaitReady(0)
			result := s.drill(func(int) (err error) {
				pid, err = s.killWorker(pid)
				return err
			})
			if result.Refused != 0 || result.Restarts != restarts {
				t.Errorf("%d refused: %q", result.Refused, result.Failed)
			}
		})
	}
}

// TestProcNoWorkerOutlives kills supervise: its job object takes the worker with it, and the port is free.
func TestProcNoWorkerOutlives(t *testing.T) {
	s := newSite(t, "outlives", "")
	s.start()
	address := s.address()
	s.kill()
	for deadline := time.Now().Add(soon); !refused(address); {
		if time.Now().After(deadline) {
			t.Fatal("somebody still listens")
		}
	}
}
