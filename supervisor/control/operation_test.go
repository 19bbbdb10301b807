package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// TestOperationOutlivesClient goes away in the middle of a rollout.
func TestOperationOutlivesClient(t *testing.T) {
	finish, ended := make(chan bool), make(chan error, 1)
	f := &fake{run: func(ctx context.Context, report func(supervisor.Event)) error {
		report(supervisor.Event{Kind: supervisor.KindStart})
		<-finish
		report(supervisor.Event{Kind: supervisor.KindReady})
		ended <- ctx.Err()
		return nil
	}}
	c, _ := serve(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Restart(ctx, "app", func(supervisor.Event) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v", err)
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Errorf("operation: %v", err)
	}
}

// TestHungClientHoldsNobody never reads while much more is reported than the socket takes.
func TestHungClientHoldsNobody(t *testing.T) {
	ended := make(chan bool)
	f := &fake{run: func(_ context.Context, report func(supervisor.Event)) error {
		for range 100 * queued {
			report(supervisor.Event{Kind: supervisor.KindStart, Message: "a message that takes some room on the way to the client"})
		}
		close(ended)
		return nil
	}}
	c, _ := serve(t, f)
	conn, err := Dial(t.Context(), c.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1/services/app/restart HTTP/1.1\r\nHost: supervise\r\n\r\n")
	<-ended
	if _, err := c.Version(t.Context()); err != nil {
		t.Errorf("another client: %v", err)
	}
}

// TestEventsKeepTheirOrder and the result comes last.
func TestEventsKeepTheirOrder(t *testing.T) {
	f := &fake{run: func(_ context.Context, report func(supervisor.Event)) error {
		for i := range 100 {
			report(supervisor.Event{Generation: i + 1})
		}
		return nil
	}}
	c, _ := serve(t, f)
	last := 0
	err := c.Restart(t.Context(), "app", func(e supervisor.Event) {
		if e.Generation != last+1 {
			t.Errorf("%d after %d", e.Generation, last)
		}
		last = e.Generation
	})
	if err != nil || last != 100 {
		t.Errorf("%v, last %d", err, last)
	}
}

// TestCloseAbandonsOperations that do not end in time.
func TestCloseAbandonsOperations(t *testing.T) {
	begun := make(chan bool)
	f := &fake{run: func(ctx context.Context, _ func(supervisor.Event)) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}}
	c, s := serve(t, f)
	answer := make(chan error, 1)
	go func() { answer <- c.Restart(t.Context(), "app", nil) }()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := <-answer; err == nil {
		t.Error("the client was told that it worked")
	}
}

func TestLimitGivesPlacesBack(t *testing.T) {
	inner := listenHere(t)
	path := inner.Addr().String()
	l := limit(inner, 1)
	for range 3 {
		client, err := Dial(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		conn.Close() // net/http may close twice: one place is given back
		client.Close()
	}
	client, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	full := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		full <- err
	}()
	l.Close()
	if err := <-full; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}
