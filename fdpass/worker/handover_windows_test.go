package worker

import (
	"net"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// perHandoff is the number of connections between two handovers, all clients together.
const perHandoff = 60

// shared is a listening socket.
type shared struct{ s *fdpass.Socket }

// listener makes another listener of it.
func (s shared) listener(t *testing.T) net.Listener { return listen(t, s.s) }

func sharedSocket(t *testing.T) (shared, string) {
	t.Helper()
	s := open(t, "tcp4", "127.0.0.1")
	return shared{s}, at(s)
}

// generation is a worker with an event to stop it.
type generation struct {
	*proc
	event stopEvent
}

func startGeneration(t *testing.T, env []string, handles ...uintptr) generation {
	t.Helper()
	g := generation{event: newStopEvent(t)}
	g.proc = startChild(t, "serve", append(env[:len(env):len(env)], g.event.env()), handles...)
	if got := g.line(); got != "ready" {
		t.Fatal(got)
	}
	return g
}

func (g generation) retire(t *testing.T) {
	t.Helper()
	g.event.set(t)
	if got := g.rest(); got != "over: <nil>" {
		t.Errorf("child: %q", got)
	}
}

// TestProcHandover replaces worker processes under load, by inheritance and by systemfd's protocol.
func TestProcHandover(t *testing.T) {
	for _, way := range []string{"inherited", "fetched"} {
		t.Run(way, func(t *testing.T) {
			web := open(t, "tcp4", "127.0.0.1")
			env, handles := inheriting("web", web)
			if way == "fetched" {
				env, handles = fetching(t, "web", web), nil
			}
			current := startGeneration(t, env, handles...)
			handOver(t, at(web), func() {
				successor := startGeneration(t, env, handles...)
				current.retire(t)
				current = successor
			})
			current.retire(t)
		})
	}
}

// TestProcKilled kills a worker under load: whoever connects waits for the next one. What it had accepted is lost.
func TestProcKilled(t *testing.T) {
	web := open(t, "tcp4", "127.0.0.1")
	env, handles := inheriting("web", web)
	current := startGeneration(t, env, handles...)
	for range 5 {
		if err := get(at(web)); err != nil {
			t.Error(err)
		}
		if err := current.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = current.cmd.Wait()
		answer := make(chan error, clients)
		for range clients {
			go func() { answer <- get(at(web)) }()
		}
		current = startGeneration(t, env, handles...)
		for range clients {
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
	}
	current.retire(t)
}
