package broker

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
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

	talks sync.WaitGroup // the dialogues

	mu      sync.Mutex
	clients []client  // by age, the oldest first
	said    time.Time // that somebody was refused
	closed  bool
}

// client is somebody who may ask.
type client struct {
	*net.UnixConn
	who fdpass.Peer
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

// enter begins a dialogue with whoever may ask. Where there are too many, the oldest ends: so all others are turned away before
// they count.
func (s *server) enter(c *net.UnixConn) {
	who, err := fdpass.PeerOf(c)
	if s.begin(client{c, who}, err) {
		return
	}
	_ = c.Close()
	switch k := s.now.Load(); {
	case err != nil:
		k.broker.o.Log.Debug("client of a serve block is not known", "serve", k.cfg.Name, "error", err)
	case s.mayTell():
		k.broker.o.Log.Warn("client of a serve block refused: add its user to users, or its group, if it may ask", "serve", k.cfg.Name, "uid", who.UID, "pid", who.PID)
	}
}

// begin is false for somebody who may not ask, or is not known for some reason.
func (s *server) begin(c client, unknown error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.now.Load()
	if unknown != nil || !k.admits(c.who) {
		return false
	}
	if s.closed {
		_ = c.Close()
		return true
	}
	if len(s.clients) >= maxClients {
		_ = s.clients[0].Close()
		s.clients = s.clients[1:]
	}
	s.clients = append(s.clients, c)
	s.talks.Go(func() { s.talk(k, c) })
	return true
}

// talk is the whole dialogue with one client.
func (s *server) talk(k *block, c client) {
	defer s.leave(c)
	log := k.broker.o.Log
	err := wire.Serve(k.broker.ctx, c.UnixConn, k.cfg.Protocol, &access{s, c.who})
	if err != nil && k.broker.ctx.Err() == nil {
		log.Debug("dialogue failed", "serve", k.cfg.Name, "pid", c.who.PID, "error", err)
		return
	}
	log.Debug("client served", "serve", k.cfg.Name, "uid", c.who.UID, "pid", c.who.PID)
}

// become goes on as another block, and ends the dialogues that this one would not have begun.
func (s *server) become(k *block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.now.Swap(k)
	for _, c := range s.clients {
		if was.cfg.Protocol != k.cfg.Protocol || !k.admits(c.who) {
			_ = c.Close()
		}
	}
}

// admits is whether a client may ask at all.
func (k *block) admits(p fdpass.Peer) bool {
	return p.UID == 0 || p.UID == os.Geteuid() || slices.Contains(k.guests.users, p.UID) || k.guests.group >= 0 && p.In(k.guests.group)
}

func (s *server) leave(c client) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = slices.DeleteFunc(s.clients, func(other client) bool { return other.UnixConn == c.UnixConn })
}

func (s *server) count() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// wait returns when the last dialogue after close has ended, which is at once: their connections are closed.
func (s *server) wait() {
	if s != nil {
		s.talks.Wait()
	}
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
