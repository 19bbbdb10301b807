package supervisor

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// pipes is a net.Listener for the ends of net.Pipe.
type pipes struct {
	net.Listener
	come chan net.Conn
}

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p.come
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

// TestStrangers: who has no secret and says nothing keeps nobody from a port, and does not stay.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &child{host: &host{log: hclog.NewNullLogger()}}
		c.spec.service = &config.Service{}
		p, start := pipes{come: make(chan net.Conn)}, time.Now()
		go c.serve(t.Context(), &served{Served: dialect.Served{Protocol: "systemfd"}, listener: p, secret: "s"})
		var silent []net.Conn
		for range 10 * maxDialogues {
			ours, theirs := net.Pipe()
			silent = append(silent, ours)
			p.come <- theirs
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the last of %d was heard after %s", len(silent), waited)
		}
		for _, ours := range silent {
			if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
				t.Error(err)
			}
		}
		if waited := time.Since(start); waited > 3*time.Second {
			t.Errorf("silence was heard for %s", waited)
		}
		close(p.come)
	})
}
