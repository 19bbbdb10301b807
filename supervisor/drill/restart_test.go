package drill

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
)

// counted is a perfect server that can wait for its own traffic.
type counted struct {
	target Target
	served chan struct{}
}

func serveCounted(t *testing.T) *counted {
	s := &counted{served: make(chan struct{})}
	done := t.Context().Done()
	s.target = serveTCP(t, func(c net.Conn) {
		reply(answer)(c)
		select {
		case s.served <- struct{}{}:
		case <-done:
		default:
		}
	})
	return s
}

// await returns when so many more requests were served.
func (s *counted) await(n int) {
	for range n {
		<-s.served
	}
}

func TestRunRestartsUnderLoad(t *testing.T) {
	s := serveCounted(t)
	var calls []int
	var running atomic.Int32
	var last Progress
	o := Options{
		Targets: []Target{s.target}, HTTP: "/", Connections: 1000, Clients: 8, Restarts: 9,
		Progress: func(p Progress) { last = p },
		Restart: func(_ context.Context, n int) error {
			if running.Add(1) != 1 {
				t.Error("two restarts at a time")
			}
			defer running.Add(-1)
			calls = append(calls, n)
			s.await(20) // hangs if the load does not go on
			return nil
		},
	}
	r := expect(t, o, ok)
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(calls, want) || r.Restarts != 9 {
		t.Errorf("restarts %v, counted %d", calls, r.Restarts)
	}
	if last.Restarts != 9 || last.Restarting != 0 || last.Connections != 1000 || last.Lost != 0 {
		t.Errorf("the last progress was %+v", last)
	}
}

func TestRunSpacesRestartsByProgress(t *testing.T) {
	s := serveCounted(t)
	var at []int
	o := Options{
		Targets: []Target{s.target}, HTTP: "/", Connections: 100, Clients: 1, Restarts: 4,
		Progress: func(p Progress) {
			if p.Restarting > 0 && len(at) < p.Restarting {
				at = append(at, p.Attempts)
			}
		},
		Restart: func(context.Context, int) error { return nil },
	}
	expect(t, o, ok)
	for i, attempts := range at {
		if attempts < (i+1)*20 {
			t.Errorf("restart %d began after %d of 100 attempts, not before %d", i+1, attempts, (i+1)*20)
		}
	}
	if len(at) != 4 {
		t.Errorf("seen to begin: %v", at)
	}
}

// The load outlasts Connections if restarts are slow.
func TestRunLoadsUntilRestartsAreDone(t *testing.T) {
	s := serveCounted(t)
	o := Options{
		Targets: []Target{s.target}, HTTP: "/", Connections: 10, Clients: 2, Restarts: 3,
		Restart: func(context.Context, int) error { s.await(50); return nil },
	}
	if r := expect(t, o, ok); r.Attempts < 150 {
		t.Errorf("only %d attempts", r.Attempts)
	}
}

func TestRunMoreRestartsThanConnections(t *testing.T) {
	s := serveCounted(t)
	var calls atomic.Int32
	o := Options{
		Targets: []Target{s.target}, HTTP: "/", Connections: 3, Restarts: 20,
		Restart: func(context.Context, int) error { calls.Add(1); return nil },
	}
	if r := expect(t, o, ok); r.Restarts != 20 || calls.Load() != 20 {
		t.Errorf("%d restarts counted, %d made, want 20", r.Restarts, calls.Load())
	}
}

func TestRunResultSoFarWhenRestartFails(t *testing.T) {
	s := serveCounted(t)
	broken := errors.New("the new version exited")
	r, err := Run(t.Context(), Options{
		Targets: []Target{s.target}, HTTP: "/", Connections: 300, Restarts: 2,
		Restart: func(_ context.Context, n int) error {
			if n == 2 {
				return broken
			}
			return nil
		},
	})
	if !errors.Is(err, broken) || err.Error() != "cannot complete restart 2 of 2: the new version exited" {
		t.Errorf("got %v", err)
	}
	if r.Restarts != 1 || r.Attempts < 200 || r.Lost() != 0 || r.OK != r.Attempts {
		t.Errorf("got %+v", r)
	}
}

// A restart that spoils the listener is seen, and said to be during that restart.
func TestRunSeesLossInRestart(t *testing.T) {
	var broken atomic.Bool
	target := serveTCP(t, func(c net.Conn) {
		if broken.Load() {
			abort(c)
			return
		}
		reply(answer)(c)
	})
	more := make(chan struct{})
	o := Options{
		Targets: []Target{target}, HTTP: "/", Connections: 100, Restarts: 1,
		Progress: func(p Progress) {
			if p.Restarting == 1 && p.Lost >= 5 && broken.Load() {
				broken.Store(false)
				close(more)
			}
		},
		Restart: func(context.Context, int) error { broken.Store(true); <-more; return nil },
	}
	r, err := Run(t.Context(), o)
	if err != nil || r.Reset < 5 || r.Reset != r.Lost() {
		t.Fatalf("got %+v, %v", r, err)
	}
	if want := errnoResetText; len(r.Failed) != 3 || r.Failed[0][:len(want)] != want {
		t.Errorf("got %q", r.Failed)
	}
}

func TestEngineNamesTheRestart(t *testing.T) {
	for _, c := range []struct {
		atBegin, atEnd int32
		complete       int
		want           string
	}{
		{0, 0, 0, "before any restart"},
		{0, 1, 0, "during restart 1"},
		{1, 0, 1, "during restart 1"}, // it ended when the restart was complete
		{1, 2, 1, "during restart 1"},
		{0, 0, 3, "after restart 3"},
	} {
		e := &engine{restarts: c.complete}
		e.restarting.Store(c.atEnd)
		if got := e.when(c.atBegin); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}
