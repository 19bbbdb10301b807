//go:build linux

package systemd_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestProcRestart lets a connection wait in the backlog while systemd stops supervise and starts it again. The second time, it is one
// that has been upgraded since.
func TestProcRestart(t *testing.T) {
	m := boot(t, "")
	m.up()
	for range 2 {
		m.must("supervise", "stop", "hello")
		waiting := m.connect(web)
		m.must("systemctl", "restart", "supervise")
		if err := ask(waiting); err != nil {
			t.Error("the connection that waited: ", err)
		}
		m.answers()
		m.shows("NFileDescriptorStore", "1")
		m.must("supervise", "upgrade")
	}
	m.understood()
}

// TestProcUnixQueue is the same with a socket that has a path: a restart leaves it where it is, and no client finds it missing.
func TestProcUnixQueue(t *testing.T) {
	m := boot(t, "")
	m.write("etc/supervise/app.hcl", strings.Replace(m.read("app.hcl"), "tcp://"+web, "unix:///run/web.sock", 1))
	m.up()
	path := m.process("root/run/web.sock")
	for _, signal := range []string{"TERM", "KILL"} {
		m.hears(told(`READY=1`))
		m.must("supervise", "stop", "hello")
		waiting, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer waiting.Close()
		if signal == "KILL" {
			m.must("systemctl", "kill", "-s", "KILL", "supervise")
		} else {
			m.must("systemctl", "restart", "supervise")
		}
		if err := ask(waiting); err != nil {
			t.Errorf("after SIG%s the connection that waited: %v", signal, err)
		}
		if c, err := net.Dial("unix", path); err != nil {
			t.Errorf("after SIG%s: %v", signal, err)
		} else if err := ask(c); err != nil {
			t.Errorf("after SIG%s a new connection: %v", signal, err)
		}
	}
}

// TestProcStoreOld starts supervise with a file that does not name a stored listener any more: nobody may wait in its backlog.
func TestProcStoreOld(t *testing.T) {
	m := boot(t, "")
	m.write("etc/supervise/app.hcl", m.read("app.hcl")+admin)
	m.up()
	m.hears(told(`READY=1`))
	m.shows("NFileDescriptorStore", "2")
	m.copy("etc/supervise/", "app.hcl")
	m.must("systemctl", "restart", "supervise")
	m.shows("NFileDescriptorStore", "1")
	if c, err := m.dial("127.0.0.1:8085"); err == nil {
		c.Close()
		t.Error("the listener is open and nobody will ever accept")
	}
	m.answers()
}

// The bars of a restart: connections and restarts in all.
const (
	clients  = 4
	restarts = 3
	between  = 50 // connections before the next restart
)

// TestProcRestartUnderLoad restarts supervise while clients come: no connection is lost, in the backlog or accepted.
func TestProcRestartUnderLoad(t *testing.T) {
	m := boot(t, "")
	m.up()
	var sent, lost atomic.Int64
	turn := make(chan bool, restarts)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for n := sent.Add(1); n <= (restarts+1)*between; n = sent.Add(1) {
				c, err := m.dial(web)
				if err == nil {
					err = ask(c)
					c.Close()
				}
				if err != nil {
					lost.Add(1)
					t.Logf("connection %d: %v", n, err)
				}
				if n%between == 0 && n <= restarts*between {
					turn <- true
				}
			}
		})
	}
	for range restarts {
		<-turn
		m.must("systemctl", "restart", "supervise")
	}
	all.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d of %d connections lost in %d restarts", lost.Load(), (restarts+1)*between, restarts)
	}
}
