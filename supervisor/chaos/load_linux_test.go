package chaos

import (
	"context"
	"errors"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// How many clients open new connections at the same time: all that the machine can do, or some beside something else.
const (
	many = 8
	few  = 2
)

// load makes connections to the site's first listener while meanwhile runs, once or, with more turns, before and after every
// pace of them.
func (s *site) load(t testing.TB, clients, turns, pace int, meanwhile func(turn int)) drill.Result {
	t.Helper()
	target, err := drill.Dialable(s.mustStatus(t).Listeners[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := drill.Run(t.Context(), drill.Options{
		Targets: []drill.Target{target}, HTTP: "/", Clients: clients, Timeout: patience,
		Connections: pace * (turns + 1), Restarts: turns,
		Restart: func(_ context.Context, n int) error {
			done := make(chan struct{})
			go func() { // a Fatal in here must end only this
				defer close(done)
				meanwhile(n)
			}()
			<-done
			if t.Failed() {
				return errors.New("the test has failed")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// unharmed fails the test if any connection was lost.
func unharmed(t testing.TB, r drill.Result) {
	t.Helper()
	if r.Lost() != 0 {
		t.Errorf("%d of %d connections were lost: %+v\n%q", r.Lost(), r.Attempts, r, r.Failed)
	}
	t.Logf("%d connections, %d lost; latency %+v ms", r.Attempts, r.Lost(), r.Latency)
}
