package adopt

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/diag"
)

// replace puts socket in the place of d in the program.
func (s *server) replace(q question, d *fdpass.Descriptor, sock nature, socket *fdpass.Socket) error {
	flags, err := flagsOf(int(q.pid), q.descriptor())
	if err != nil {
		return err
	}
	if err := socket.SetNonblocking(flags&unix.O_NONBLOCK != 0); err != nil {
		return err
	}
	s.noteWatches(q)
	s.step("noted")
	ours := socket.Descriptor()
	err = ours.Use(func(to int) error {
		_ = d.Use(func(from int) error {
			copyWishes(from, to, sock)
			return nil
		})
		return s.place(q.notice, to, q.descriptor(), flags&unix.O_CLOEXEC != 0)
	})
	if err == unix.ENOENT {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("the socket cannot be put into the program: %w", err)
	}
	s.step("placed")
	return s.rewatch(q, ours)
}

// abandoned gives a member of this worker that no process of the program has open any more: connections may wait at it. A program comes
// back after a crash, or when it closes its listener and makes another.
func (s *server) abandoned(i int) *fdpass.Socket {
	members := s.o.Sockets.Members(i)
	if len(members) == 0 {
		return nil
	}
	open, _ := diag.HeldBy(s.o.Members())
	for _, m := range members {
		if !open[inodeOf(m.Descriptor())] {
			return m
		}
	}
	return nil
}

// link is an entry of /proc/PID/fd.
type link struct {
	number int
	target string
}

func links(pid int) (list []link) {
	dir := procFile(pid, "fd")
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		target, failed := os.Readlink(filepath.Join(dir, e.Name()))
		if err == nil && failed == nil {
			list = append(list, link{number, target})
		}
	}
	return list
}
