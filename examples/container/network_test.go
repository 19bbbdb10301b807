//go:build linux

package container_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// inside calls f on a thread in the container's network: the sockets that it makes belong there for good.
func (c *container) inside(f func() error) error {
	space, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", c.init.Process.Pid))
	if err != nil {
		return err
	}
	defer space.Close()
	ours, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer ours.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		// A thread that cannot come back ends with this goroutine. Others go on: with its thread, a child's death signal is due.
		if unix.Setns(int(ours.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// dial connects in the container.
func (c *container) dial(address string) (conn net.Conn, err error) {
	err = c.inside(func() (err error) {
		conn, err = net.DialTimeout("tcp", address, soon)
		return err
	})
	return conn, err
}

// connect dials in the container; the connection is closed at the end of the test.
func (c *container) connect() net.Conn {
	c.t.Helper()
	conn, err := c.dial("127.0.0.1:8080")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	return conn
}

var page = regexp.MustCompile(`^HTTP/1\.1 200 OK\r\n(?s:.*)\r\n\r\nhello from go: generation \d+ worker 0 pid \d+\n$`)

// ask makes one request on a connection.
func ask(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(soon)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	text, err := io.ReadAll(c)
	if err == nil && !page.Match(text) {
		err = fmt.Errorf("answer %q", text)
	}
	return err
}
