package control

import (
	"net"
	"sync"
)

// limited accepts at most as many connections at a time as its channel holds; further clients wait in the backlog.
type limited struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

// Accept waits for a slot first.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slot{Conn: c, leave: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close also ends the waiting for a slot.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// slot is a connection that gives its place back.
type slot struct {
	net.Conn
	leave func()
}

// Close gives the place back.
func (s *slot) Close() error {
	defer s.leave()
	return s.Conn.Close()
}
