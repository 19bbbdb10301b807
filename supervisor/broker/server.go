package broker

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

const (
	maxClients  = 64                     // of a block at a time
	acceptPause = 100 * time.Millisecond // after a failure: out of descriptors mostly
	sayingPause = time.Minute            // between two log lines about the same
)

// server accepts for one block.
type server struct {
	// fixed after serve
	listener net.Listener
	done     chan struct{}

	now atomic.Pointer[block] // as configured now

	mu      sync.Mutex
	clients []*net.UnixConn // by age, the oldest first
	said    time.Time       // that somebody was refused
	closed  bool
}

// serve begins to accept. It owns l.
func serve(l net.Listener, k *block) *server {
	s := &server{listener: l, done: make(chan struct{})}
	s.now.Store(k)
	go s.accept()
	return s
}

func (s *server) accept() {
	defer close(s.done)
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.failed(err)
			select {
			case <-time.After(acceptPause):
			case <-s.now.Load().broker.ctx.Done():
			}
			continue
		}
		if unix, ok := c.(*net.UnixConn); ok {
			s.enter(unix)
		} else {
			_ = c.Close()
		}
	}
}

func (s *server) failed(err error) {
	if k := s.now.Load(); s.mayTell() {
		k.broker.o.Log.Error("cannot accept a client, it waits", "serve", k.cfg.Name, "error", err)
	}
}

// mayTell is whether something that may happen all the time is worth a line now.
func (s *server) mayTell() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.said) < sayingPause {
		return false
	}
	s.said = time.Now()
	return true
}

// enter begins a dialogue. Where there are too many, the oldest ends.
func (s *server) enter(c *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return
	}
	if len(s.clients) >= maxClients {
		_ = s.clients[0].Close()
		s.clients = s.clients[1:]
	}
	s.clients = append(s.clients, c)
	go s.talk(c)
}

// talk is the whole dialogue with one client.
func (s *server) talk(c *net.UnixConn) {
	defer s.leave(c)
	k := s.now.Load()
	log := k.broker.o.Log
	who, err := peerOf(c)
	if err != nil || !k.admits(who) {
		if s.mayTell() {
			log.Warn("client of a serve block refused: it is of another user", "serve", k.cfg.Name, "uid", who.uid, "pid", who.pid, "error", err)
		}
		return
	}
	err = wire.Serve(k.broker.ctx, c, k.cfg.Protocol, &access{s, who})
	if err != nil && k.broker.ctx.Err() == nil {
		log.Debug("dialogue failed", "serve", k.cfg.Name, "pid", who.pid, "error", err)
		return
	}
	log.Debug("client served", "serve", k.cfg.Name, "uid", who.uid, "pid", who.pid)
}

// admits is whether a client may ask at all.
func (k *block) admits(p peer) bool {
	return p.uid == 0 || p.uid == os.Geteuid() || slices.Contains(k.guests, p.uid)
}

func (s *server) leave(c *net.UnixConn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = slices.DeleteFunc(s.clients, func(other *net.UnixConn) bool { return other == c })
}

func (s *server) count() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// close ends accepting and all dialogues. The socket itself stays open.
func (s *server) close() {
	if s == nil {
		return
	}
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.clients {
		_ = c.Close()
	}
}
