package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// notifyTimeout bounds how long a message may wait for room in the supervisor's queue (10 datagrams,
// net.unix.max_dgram_qlen). The kernel keeps what is queued while a supervisor restarts.
const notifyTimeout = 10 * time.Second

// Ready tells the supervisor that this worker serves: the rollout goes on and the old worker is
// asked to stop. Without a supervisor (NOTIFY_SOCKET is not set) it does nothing, as do the others. See sd_notify(3).
//
// On Windows NOTIFY_SOCKET is the name of a pipe, and Ready writes a line to the handle that READY_HANDLE names, if it does, and closes it.
func Ready() error { return errors.Join(notify("READY=1"), handReady()) }

// Status tells the supervisor what the worker is doing, in one line for people.
func Status(text string) error {
	if strings.ContainsAny(text, "\n\x00") {
		return fmt.Errorf("cannot tell status %q: it is more than one line", text)
	}
	return notify("STATUS=" + text)
}

// Reloading tells the supervisor that the worker reads its configuration anew. Ready ends it.
func Reloading() error {
	usec, err := monotonic()
	if err != nil {
		return err
	}
	return notify(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", usec))
}

// Stopping returns a context that is done when the process is asked to stop, by SIGTERM or an interrupt,
// or when parent is done. The supervisor is told (STOPPING=1) when it comes to that. A second signal has its
// default effect and ends the process at once.
//
// On Windows that is the event that STOP_EVENT names, or Ctrl-C or Ctrl-Break. After the event Ctrl-Break is ignored, because a
// supervisor may send both.
func Stopping(parent context.Context) context.Context {
	ctx, stop := asked(parent)
	context.AfterFunc(ctx, func() {
		stop()
		_ = tellStopping()
	})
	return ctx
}

func tellStopping() error { return notify("STOPPING=1") }

// notify sends one message to NOTIFY_SOCKET. The kernel tells the receiver who we are.
// The variable stays in the environment, for other sd_notify users in this process.
func notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if !named(path) {
		return fmt.Errorf("cannot notify the supervisor at %q: not %s", path, namedHow)
	}
	if err := send(path, state); err != nil {
		return fmt.Errorf("cannot notify the supervisor: %w", err)
	}
	return nil
}
