//go:build !windows

package worker

import (
	"context"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const namedHow = "an absolute path or @abstract name"

func named(path string) bool { return path[0] == '/' || path[0] == '@' }

// send sends one datagram. The receiver knows who we are by SO_PASSCRED there.
func send(path, state string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return err
}

func handReady() error { return nil }

// asked is done when the process is asked to stop.
func asked(parent context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
}
