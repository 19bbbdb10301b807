//go:build linux || windows

package worker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	handovers = 20
	clients   = 8
)

// TestHandover lets two servers share one listening socket, as the workers of two generations do, and replaces one by
// the next under load. Every connection must get its answer.
func TestHandover(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	socket, address := sharedSocket(t)
	current := startServer(t, socket)
	handOver(t, address, func() {
		successor := startServer(t, socket)
		current.retire(t)
		current = successor
	})
	current.retire(t)
}

// handOver puts load on an address, and calls replace now and then meanwhile.
func handOver(t *testing.T, address string, replace func()) {
	t.Helper()
	var sent, lost atomic.Int64
	var wg sync.WaitGroup
	turn := make(chan bool, handovers)
	for range clients {
		wg.Go(func() {
			for n := sent.Add(1); n <= handovers*perHandoff; n = sent.Add(1) {
				if err := get(address); err != nil {
					lost.Add(1)
					t.Error(err)
				}
				if n%perHandoff == 0 {
					turn <- true
				}
			}
		})
	}
	for range handovers {
		<-turn
		replace()
	}
	wg.Wait()
	t.Logf("%d connections over %d handovers, %d lost", handovers*perHandoff, handovers, lost.Load())
}

// server is one generation.
type server struct {
	stop context.CancelFunc
	done chan error
}

func startServer(t *testing.T, socket shared) *server {
	t.Helper()
	l := socket.listener(t)
	ctx, stop := context.WithCancel(t.Context())
	s := &server{stop: stop, done: make(chan error, 1)}
	go func() { s.done <- Serve(ctx, &http.Server{Handler: http.HandlerFunc(hello)}, l) }()
	return s
}

func (s *server) retire(t *testing.T) {
	t.Helper()
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// get makes one request on a connection of its own.
func get(address string) error {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return fmt.Errorf("not accepted: %w", err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if code, _ := status(c); code != 200 {
		return fmt.Errorf("status %d", code)
	}
	return nil
}
