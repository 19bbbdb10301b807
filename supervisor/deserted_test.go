package supervisor

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhileSeveral checks that there is nothing to wake up for before a worker has several sockets, and after that.
func TestWhileSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var sockets, asked, looks atomic.Int32
		sockets.Store(1)
		joined := make(chan struct{}, 1)
		go whileSeveral(ctx, joined, func() bool { asked.Add(1); return sockets.Load() > 1 }, func() { looks.Add(1) })
		for _, tt := range []struct {
			sockets, asked, looks int32
			join                  bool
		}{
			{1, 1, 0, false},
			{1, 2, 0, true}, // the first one of its own
			{2, 3, 0, true},
			{2, 13, 10, false},
			{1, 14, 11, false}, // the look that finds so
			{1, 14, 11, false},
			{3, 15, 11, true},
			{3, 25, 21, false},
		} {
			sockets.Store(tt.sockets)
			if tt.join {
				joined <- struct{}{}
			} else {
				time.Sleep(10 * desertedPause)
			}
			synctest.Wait()
			if a, l := asked.Load(), looks.Load(); a != tt.asked || l != tt.looks {
				t.Errorf("%+v: asked %d times, looked %d times", tt, a, l)
			}
		}
		cancel()
	})
}
