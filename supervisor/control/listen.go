package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Place is where the API listens and who can reach the socket.
type Place struct {
	Path string // of the unix socket, absolute
	Mode uint32 // permission bits; 0 = 0600, and 0660 with a group
	GID  int    // group of the socket; -1 leaves it
	// Folder is the mode with which the folder of Path is made when it is missing.
	Folder os.FileMode
}

// RunningError says that the control socket is in use.
type RunningError struct {
	Path   string
	Config string // file of the one that runs; "" without one
	PID    int
}

// Error says by whom.
func (e *RunningError) Error() string {
	with := ""
	if e.Config != "" {
		with = fmt.Sprintf(" with %q", e.Config)
	}
	return fmt.Sprintf("cannot start: supervise is already running%s, pid %d, at control socket %s (stop it, or choose another control address: control { address = \"unix:///...\" } or --control)",
		with, e.PID, e.Path)
}

// Listen opens the control socket. A path that nobody listens on is replaced. When another supervise listens there, the error
// is a *RunningError. Closing the listener removes the path.
func Listen(p Place) (*Listener, error) {
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

// whoRuns asks the one that listens; when it does not answer like a supervise, the error stays what it was.
func whoRuns(path string, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c := NewClient(path)
	defer c.Close()
	status, ask := c.Brief(ctx, nil)
	if ask != nil {
		return err
	}
	running := &RunningError{Path: path, Config: status.Config, PID: status.KeeperPID}
	if v, ask := c.Version(ctx); ask == nil && v.Config != "" {
		running.Config = v.Config
	}
	return running
}

// Restore makes a Listener of the socket that a Listen of the same place in another process has opened. It owns d, also when it
// fails.
func Restore(p Place, d *fdpass.Descriptor) (*Listener, error) {
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
