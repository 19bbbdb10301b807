package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// served is a unix stream socket in a worker's runtime folder, at which it asks for its sockets or says that it is ready. Who connects
// while no manager lives waits. On Windows it is a port of the loopback address, for whoever knows the worker's secret.
type served struct {
	dialect.Served
	socket   *fdpass.Socket // nil for a port
	listener net.Listener
	secret   string // of a port
}

const (
	maxDialogues  = 16                     // at one socket at a time; further ones wait
	maxStrangers  = 512                    // likewise, at a port: any user of the machine can connect to it, and keep silent
	dialoguePause = 100 * time.Millisecond // after an accept that failed: out of descriptors mostly
)

// servedSpec says what is open for a dialect: nobody but the worker's user can connect.
func (c *child) servedSpec(s dialect.Served) fdpass.Spec {
	uid := c.uid
	if uid == os.Geteuid() {
		uid = -1
	}
	return fdpass.Spec{Name: filepath.Base(s.Path), Address: fdpass.Address{Network: "unix", Path: s.Path}, Mode: 0o600, UID: uid, GID: -1}
}

// openServed opens the sockets before the worker starts.
func (c *child) openServed() error {
	for _, s := range c.layout.handoff.Serve {
		if s.Path == "" {
			if err := c.openPort(s); err != nil {
				return err
			}
			continue
		}
		socket, err := fdpass.Open(c.servedSpec(s))
		if err != nil {
			return err
		}
		if err := c.addServed(s, socket); err != nil {
			return err
		}
		if err := c.holdDescriptor(servePart+s.Protocol, socket.Descriptor()); err != nil {
			return err
		}
	}
	return nil
}

// openPort listens for one worker. No manager takes that over from another: where it is used there is only one.
func (c *child) openPort(s dialect.Served) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot serve %s to the worker: %w", s.Protocol, err)
	}
	c.served = append(c.served, &served{Served: s, listener: l, secret: newSecret()})
	return nil
}

// newSecret gives a random UUID (RFC 9562, version 4) in lower case: listenfd reads no other secret, and says it like that.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// tellServed puts into a worker's environment what is known only when the sockets are open.
func (c *child) tellServed(env map[string]string) {
	for _, s := range c.served {
		if s.AddressEnv != "" {
			env[s.AddressEnv], env[s.SecretEnv] = s.listener.Addr().String(), s.secret
		}
	}
}

// takeServed takes over what openServed of an earlier manager has opened.
func (c *child) takeServed() {
	for _, s := range c.layout.handoff.Serve {
		f := c.left.take(servePart + s.Protocol)
		if f == nil {
			continue
		}
		d, err := fdpass.FromFile(f)
		f.Close()
		if err == nil {
			var socket *fdpass.Socket
			if socket, err = fdpass.Restore(c.servedSpec(s), d); err == nil {
				err = c.addServed(s, socket)
			}
		}
		if err != nil {
			c.missing("socket for "+s.Protocol, err)
		}
	}
}

// addServed owns the socket, also when it fails.
func (c *child) addServed(s dialect.Served, socket *fdpass.Socket) error {
	l, err := socket.Listener()
	if err != nil {
		return errors.Join(fmt.Errorf("cannot serve %s to the worker: %w", s.Protocol, err), socket.Close())
	}
	c.served = append(c.served, &served{Served: s, socket: socket, listener: l})
	return nil
}

func (c *child) closeServed() {
	for _, s := range c.served {
		_ = s.listener.Close()
		if s.socket != nil {
			_ = s.socket.Close()
		}
	}
}

// serveAll answers at the sockets until ctx ends.
func (c *child) serveAll(ctx context.Context) {
	for _, s := range c.served {
		go c.serve(ctx, s)
		context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	}
}

func (c *child) serve(ctx context.Context, s *served) {
	most := maxDialogues
	if s.Path == "" {
		most = maxStrangers
	}
	free := make(chan struct{}, most)
	for {
		conn, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			pause(ctx, dialoguePause)
			continue
		}
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			_ = conn.Close()
			return
		}
		go func() {
			defer func() { <-free }()
			c.talkOver(ctx, conn, s)
		}()
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// talkOver is one dialogue.
func (c *child) talkOver(ctx context.Context, conn net.Conn, s *served) {
	if u, ok := conn.(*net.UnixConn); ok {
		c.talk(ctx, u, s.Protocol)
		return
	}
	err := wire.ServeSystemfd(ctx, conn, s.secret, workerSockets{c.spec}, c.export)
	if err != nil && ctx.Err() == nil {
		c.host.log.Debug("dialogue failed", "protocol", s.Protocol, "service", c.spec.service.Name, "error", err)
	}
}

// export makes a duplicate of a socket for a process of the worker's.
func (c *child) export(d *fdpass.Descriptor, pid int) ([]byte, error) {
	if !c.process.Tree().Contains(pid) {
		return nil, errors.New("it is not of the worker's process tree")
	}
	return fdpass.Export(d, pid)
}

// talk is a dialogue with a peer that the kernel names.
func (c *child) talk(ctx context.Context, conn *net.UnixConn, protocol string) {
	defer conn.Close()
	peer, err := fdpass.PeerOf(conn)
	pid, uid := peer.PID, peer.UID
	if err == nil && uid != 0 && uid != c.uid && uid != os.Geteuid() && !c.process.Tree().Contains(pid) {
		err = fmt.Errorf("process %d of user %d is not of the worker", pid, uid)
	}
	if err == nil && protocol == "einhorn" {
		err = wire.ServeEinhorn(ctx, conn, func(named int) { c.acknowledged(named, pid) })
	} else if err == nil {
		err = wire.Serve(ctx, conn, protocol, workerSockets{c.spec})
	}
	if err != nil && ctx.Err() == nil {
		c.host.log.Debug("dialogue failed", "protocol", protocol, "service", c.spec.service.Name, "pid", pid, "error", err)
	}
}

// acknowledged takes in einhorn's worker:ack. It returns when that is saved: then the worker is answered. What a worker calls itself means
// something else here if it has a pid namespace of its own: then the peer counts.
func (c *child) acknowledged(named, peer int) {
	switch pid := named; {
	case !c.process.Tree().Contains(pid) && !c.process.Tree().Contains(peer):
		c.tell(happening{kind: ignored, pid: pid, err: fmt.Errorf("process %d, which acknowledges, is not of the worker's process tree", pid)})
	case c.spec.anySign():
		c.tellAndWait(happening{kind: foundReady})
	}
}

// workerSockets are the sockets of one worker, for it to take: a wire.Store that takes nothing.
type workerSockets struct{ spec spec }

// List implements wire.Store.
func (w workerSockets) List() ([]fdpass.Named, error) {
	var list []fdpass.Named
	for i, lease := range w.spec.leases {
		d, err := duplicate(lease, w.spec.index)
		if err != nil {
			for _, n := range list {
				_ = n.Descriptor.Close()
			}
			return nil, err
		}
		list = append(list, fdpass.Named{Name: w.spec.service.Listeners[i], Descriptor: d})
	}
	return list, nil
}

func duplicate(l *registry.Lease, worker int) (*fdpass.Descriptor, error) {
	s, err := l.Open(worker)
	if err != nil {
		return nil, err
	}
	return s.Descriptor().Dup()
}

// Put implements wire.Store.
func (w workerSockets) Put(_ string, d *fdpass.Descriptor, _ time.Time) error {
	_ = d.Close()
	return wire.ErrDenied
}

// Delete implements wire.Store.
func (w workerSockets) Delete(string) error { return wire.ErrDenied }
