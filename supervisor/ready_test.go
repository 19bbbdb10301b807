package supervisor

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestPoll checks that checks become rarer up to the interval, and end with the worker.
func TestPoll(t *testing.T) {
	cfg := parse(t, "ready {\n when = \"exec\"\n command = [\"x\"]\n interval = \"50ms\"\n}")
	var told []string
	c := &child{spec: spec{service: cfg.Services[0]}, tell: func(h happening) { told = append(told, h.err.Error()) }}
	t.Run("ready in the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start, ready := time.Now(), false
			var at []time.Duration
			check := func(context.Context) error {
				at = append(at, time.Since(start)/time.Millisecond)
				if len(at) < 6 {
					return fmt.Errorf("fault %d", (len(at)+1)/3)
				}
				return nil
			}
			c.poll(t.Context(), check, func() { ready = true })
			if want := []time.Duration{0, 10, 30, 70, 120, 170}; !ready || !slices.Equal(at, want) {
				t.Errorf("ready %v, checked at %v ms, want %v", ready, at, want)
			}
			if want := []string{"fault 0", "fault 1", "fault 2"}; !slices.Equal(told, want) {
				t.Errorf("told %q, want %q: each fault once", told, want)
			}
		})
	})
	t.Run("gone before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.poll(ctx, func(context.Context) error { return errNotYet }, func() { t.Error("ready") })
			}()
			time.Sleep(time.Second)
			cancel()
			<-done
		})
	})
	t.Run("gone during the check", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c.poll(ctx, func(context.Context) error { cancel(); return nil }, func() { t.Error("ready") })
	})
}
