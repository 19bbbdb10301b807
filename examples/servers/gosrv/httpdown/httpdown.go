// Package httpdown is in the place of the module of this name, which can no longer be downloaded: what gracehttp wants of it,
// on fdpass/worker. So grace is itself, apart from how its connections are drained.
package httpdown

import (
	"context"
	"net"
	"net/http"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

// HTTP starts servers.
type HTTP struct{}

// Server is a running server.
type Server interface {
	Wait() error // until it has ended
	Stop() error // stops accepting and waits until everything is answered
}

type server struct {
	stop context.CancelFunc
	done chan struct{} // closed when Serve has returned err
	err  error
}

// Serve owns both.
func (HTTP) Serve(s *http.Server, l net.Listener) Server {
	ctx, cancel := context.WithCancel(context.Background())
	running := &server{stop: cancel, done: make(chan struct{})}
	go func() {
		running.err = worker.Serve(ctx, s, l)
		close(running.done)
	}()
	return running
}

func (s *server) Wait() error {
	<-s.done
	return s.err
}

func (s *server) Stop() error {
	s.stop()
	return s.Wait()
}
