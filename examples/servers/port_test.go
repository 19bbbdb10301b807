//go:build linux

package main

import (
	"net"
	"strconv"
	"testing"
)

// TestPorts: none is given away twice, and none that somebody uses.
func TestPorts(t *testing.T) {
	p := newPorts()
	port, err := p.free()
	if err != nil || port < firstPort || port >= lastPort {
		t.Fatal(port, err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
	if err == nil {
		defer l.Close()
	}
	if other, err := p.free(); err != nil || other == port || other == port+1 {
		t.Errorf("port %d after %d, %v", other, port, err)
	}
}

// TestPortsEnd: after the last one comes the first.
func TestPortsEnd(t *testing.T) {
	p := &ports{next: lastPort - 1}
	for range 2 {
		if port, err := p.free(); err != nil || port < firstPort || port >= lastPort {
			t.Error(port, err)
		}
	}
	if p.next <= firstPort || p.next >= lastPort-1 {
		t.Errorf("the next is %d", p.next)
	}
}
