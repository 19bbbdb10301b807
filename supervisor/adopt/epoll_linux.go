package adopt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// noteWatches writes down the epoll registrations of the socket that is to be replaced: they end with it.
func (s *server) noteWatches(q question) {
	if s.page.watched == q.id {
		return // by an earlier one, perhaps before they ended
	}
	list := watchesOf(int(q.pid), q.descriptor())
	s.page.count = uint64(copy(s.page.watches[:], list))
	s.page.watched = q.id
}

// watchesOf finds them in /proc/PID/fdinfo of every epoll descriptor of the program (proc_pid_fdinfo(5)).
func watchesOf(pid, number int) (list []watch) {
	for _, l := range links(pid) {
		if l.target != "anon_inode:[eventpoll]" {
			continue
		}
		b, _ := os.ReadFile(procFile(pid, "fdinfo", strconv.Itoa(l.number)))
		list = append(list, parseWatches(string(b), l.number, number)...)
	}
	return list
}

// parseWatches reads the lines "tfd: 5 events: 19 data: 5 pos:0 ino:1c sdev:9" of one epoll descriptor.
func parseWatches(info string, epoll, number int) (list []watch) {
	for line := range strings.Lines(info) {
		var target int
		w := watch{epoll: int32(epoll)}
		n, _ := fmt.Sscanf(line, "tfd: %d events: %x data: %x", &target, &w.events, &w.data)
		if n == 3 && target == number {
			list = append(list, w)
		}
	}
	return list
}

// rewatch makes the registrations again that were noted for this question, for the socket that has taken the place.
func (s *server) rewatch(q question, d *fdpass.Descriptor) error {
	if s.page.watched != q.id || s.page.count == 0 {
		return nil
	}
	list := s.page.watches[:min(s.page.count, maxWatches)]
	epolls := make([]*fdpass.Descriptor, len(list))
	for i, w := range list {
		var err error
		if epolls[i], err = s.fetch(q.notice, int(w.epoll)); err != nil {
			return fmt.Errorf("its epoll registrations are lost: %w", err)
		}
		defer epolls[i].Close()
	}
	err := onOwnTable(func() error { return watchAs(q.descriptor(), d, list, epolls) })
	if err != nil {
		return fmt.Errorf("its epoll registrations are lost: %w", err)
	}
	return nil
}

// watchAs registers d under the number that it has in the program: epoll knows a file by its number too, and programs say it when they
// remove it. It runs where every number is free to be overwritten.
func watchAs(number int, d *fdpass.Descriptor, list []watch, epolls []*fdpass.Descriptor) error {
	for i, w := range list {
		err := epolls[i].Use(func(epoll int) error {
			beside, err := unix.FcntlInt(uintptr(epoll), unix.F_DUPFD_CLOEXEC, number+1)
			if err != nil {
				return err
			}
			defer unix.Close(beside)
			return d.Use(func(fd int) error { return register(beside, fd, number, w) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func register(epoll, fd, number int, w watch) error {
	as := number
	if fd != number {
		spare, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, number+1)
		if err != nil {
			return err
		}
		defer unix.Close(spare)
		if err := unix.Dup3(spare, as, unix.O_CLOEXEC); err != nil {
			return err
		}
	}
	event := unix.EpollEvent{Events: w.events, Fd: int32(w.data), Pad: int32(w.data >> 32)}
	err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, as, &event)
	if err == unix.EEXIST {
		return nil
	}
	return err
}

// onOwnTable runs f on a thread with a table of descriptors of its own (unshare(2), CLONE_FILES), which ends with it. The first thread
// of a process does not end before the process, so it is left out. A child that this process has started with PR_SET_PDEATHSIG (prctl(2)) may
// be killed by it: the signal comes when the thread ends that started it.
func onOwnTable(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the runtime ends the thread with the goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- onOwnTable(f)
			return
		}
		err := unix.Unshare(unix.CLONE_FILES)
		done <- errors.Join(os.NewSyscallError("unshare", err), runIf(err == nil, f))
	}()
	return <-done
}

func runIf(ok bool, f func() error) error {
	if !ok {
		return nil
	}
	return f()
}
