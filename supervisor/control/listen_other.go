//go:build !windows

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// What texts call it, and whom they name.
const (
	scheme  = "unix:///" // of a control address
	thing   = "socket"
	allowed = "its user, root"
)

func listen(p Place) (*Listener, error) {
	if pipe.IsPath(p.Path) {
		return nil, fmt.Errorf("cannot use control address %q: named pipes are Windows's, give unix:///PATH", p.Path)
	}
	if strings.HasPrefix(p.Path, "@") {
		return nil, fmt.Errorf("cannot use control address %q: abstract sockets have no permissions, give a path", p.Path)
	}
	if err := os.MkdirAll(filepath.Dir(p.Path), p.Folder); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the control socket: %w", err)
	}
	socket, err := fdpass.Open(p.spec())
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, whoRuns(p.Path, err)
	}
	if err != nil {
		return nil, err
	}
	return listener(socket)
}

func (p Place) spec() fdpass.Spec {
	mode := p.Mode
	switch {
	case mode != 0:
	case p.GID >= 0:
		mode = 0o660
	default:
		mode = 0o600
	}
	return fdpass.Spec{
		Name:    "control",
		Address: fdpass.Address{Network: "unix", Path: p.Path},
		Mode:    mode, UID: -1, GID: p.GID,
	}
}

func restore(p Place, d *fdpass.Descriptor) (*Listener, error) {
	socket, err := fdpass.Restore(p.spec(), d)
	if err != nil {
		return nil, err
	}
	_, _ = socket.RestorePath() // somebody may have removed it meanwhile
	return listener(socket)
}

func listener(s *fdpass.Socket) (*Listener, error) {
	l, err := s.Listener()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	guarded := &Listener{Listener: l, socket: s}
	guarded.guard()
	return guarded, nil
}

// Listener is an open control socket. Its path is put back when somebody removes it, as programs do that tidy temporary folders.
type Listener struct {
	net.Listener
	socket  *fdpass.Socket
	watcher *fdpass.Watcher // nil where there are none left
}

func (l *Listener) guard() {
	w, err := fdpass.NewWatcher()
	if err != nil {
		return
	}
	if err := w.Add(l.socket); err != nil {
		_ = w.Close()
		return
	}
	l.watcher = w
	go func() {
		for range w.Events() {
			_, _ = l.socket.RestorePath()
		}
	}()
}

// Descriptor is that of the socket, which still owns it.
func (l *Listener) Descriptor() *fdpass.Descriptor { return l.socket.Descriptor() }

// Close ends Accept and removes the path, when it is still ours.
func (l *Listener) Close() error {
	if l.watcher != nil {
		_ = l.watcher.Close()
	}
	return errors.Join(l.Listener.Close(), l.socket.Close())
}
