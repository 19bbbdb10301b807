package steer

import (
	"net/netip"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

func readFile(name string) (string, error) {
	b, err := os.ReadFile(name)
	return string(b), err
}

// load connects all the time until stop, which tells how many connections each of the members that there were at the start has got, and
// under "" how many nobody had. It returns after the first ones.
func (r *rig) load() (stop func() map[string]int) {
	r.t.Helper()
	fds, at := map[string]int{}, r.target()
	for key, d := range r.socks {
		_ = d.Use(func(fd int) error { fds[key] = fd; return nil }) // nobody closes one before stop
	}
	var end atomic.Bool
	started, result := make(chan struct{}), make(chan map[string]int, 1)
	go func() {
		got := map[string]int{}
		for i := 0; i < 10 || !end.Load(); i++ {
			got[one(fds, at)]++
			if i == 2 {
				close(started)
			}
		}
		result <- got
	}()
	<-started
	return func() map[string]int {
		end.Store(true)
		return <-result
	}
}

// one connects and asks every member until the connection has arrived, or is reset.
func one(fds map[string]int, at netip.AddrPort) string {
	c, err := unix.Socket(family(at), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(c)
	_ = unix.SetsockoptLinger(c, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if unix.Connect(c, sockaddr(at)) != nil {
		return ""
	}
	for {
		for key, fd := range fds {
			if conn, err := accept(fd); err == nil {
				_ = unix.SetsockoptLinger(conn, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
				unix.Close(conn)
				return key
			}
		}
		if _, _, err := unix.Recvfrom(c, make([]byte, 1), unix.MSG_DONTWAIT); err != unix.EAGAIN {
			return ""
		}
	}
}
