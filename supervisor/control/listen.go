package control

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// Place is where the API listens and who can reach the socket.
type Place struct {
	Path string // of the unix socket, absolute; on Windows of a pipe
	Mode uint32 // permission bits; 0 = 0600, and 0660 with a group
	GID  int    // group of the socket; -1 leaves it
	// Folder is the mode with which the folder of Path is made when it is missing.
	Folder os.FileMode

	// Group is the SID of the group whose members can reach a pipe beside the own user, Administrators and SYSTEM; "" for none.
	Group string
	// Note is a file that has the path in it as long as somebody listens there; "" for none. Nothing can list all pipes, and a note that a killed
	// process left names a pipe that is gone. Windows only.
	Note string
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
	return fmt.Sprintf("cannot start: supervise is already running%s, pid %d, at control socket %s (stop it, or choose another control address: control { address = \"%s...\" } or --control)",
		with, e.PID, e.Path, scheme)
}

// Listen opens the control socket. A path that nobody listens on is replaced. When another supervise listens there, the error
// is a *RunningError. Closing the listener removes the path.
func Listen(p Place) (*Listener, error) { return listen(p) }

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
func Restore(p Place, d *fdpass.Descriptor) (*Listener, error) { return restore(p, d) }

// Dial connects to what Listen has opened at path. The error is a *net.OpError.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	if pipe.IsPath(path) {
		c, err := pipe.Dial(ctx, path)
		if err != nil {
			return nil, err // and no nil in disguise
		}
		return c, nil
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}
