//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

// Ports are given away below those that the kernel gives to clients (ip_local_port_range begins at 32768), so that none of those
// comes between.
const firstPort, lastPort = 10000, 30000

// ports gives each away once.
type ports struct {
	mu   sync.Mutex
	next int
}

// newPorts begins at different places in processes that run side by side.
func newPorts() *ports {
	return &ports{next: firstPort + os.Getpid()*100%(lastPort-firstPort)}
}

// free gives a port that nobody uses.
func (p *ports) free() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range lastPort - firstPort {
		port := p.next
		p.next = firstPort + (port+1-firstPort)%(lastPort-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("cannot find a free port from %d to %d", firstPort, lastPort)
}
