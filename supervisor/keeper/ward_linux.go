package keeper

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// ward is one worker in the keeper's care: never reaped before it is forgotten,
// so its pid, its group and its session mean it as long as anybody asks.
type ward struct {
	wireWorker
	first    *fdpass.Descriptor // pidfd of the process that was forked
	followed *fdpass.Descriptor // pidfd of the main process after follow; else nil
}

// ward finds the one the request is about.
func (s *server) ward(i *inquiry) (*ward, error) {
	if w := s.workers[i.ID]; w != nil {
		return w, nil
	}
	return nil, ErrUnknown
}

// spawn forks; everything else is ready-made: the program, what it reads from 0
// and writes to 1, and the descriptors of the worker. The program goes last, so
// that its number in the child is known: /proc/self/fd of our process would be
// overwritten there.
func (s *server) spawn(i *inquiry) (*answer, error) {
	if err := checkWorkerName(i.Name); err != nil {
		return nil, err
	}
	files, err := s.gather(i)
	if err != nil {
		return nil, err
	}
	var pid int
	var pidfd *int
	group, err := i.group()
	if err != nil {
		return nil, err
	}
	err = useAll(append(group, append(files, i.beside[0])...), nil, func(fds []int) error {
		in := noGroup
		if len(group) > 0 {
			in, fds = fds[0], fds[1:]
		}
		program := "/proc/self/fd/" + strconv.Itoa(len(fds))
		pid, pidfd, err = forkStage(program, ends{fds[0], fds[1]}, in, fds[2:])
		return err
	})
	if err != nil {
		return nil, err
	}
	s.last++
	w := &ward{
		wireWorker: wireWorker{ID: s.last, Name: i.Name, Label: i.Label, Mark: i.Mark, PID: pid, Started: time.Now(), Group: i.Group},
		first:      fdpass.NewDescriptor(*pidfd),
	}
	s.workers[w.ID] = w
	return &answer{reply: reply{Workers: []wireWorker{w.wireWorker}}, beside: []*fdpass.Descriptor{w.first}}, nil
}

// group is the folder of the worker's group; none: it is born in ours.
func (i *inquiry) group() ([]*fdpass.Descriptor, error) {
	switch {
	case i.Group == "":
		return nil, nil
	case len(i.beside) < 4:
		return nil, fmt.Errorf("%w: a group came without its folder", errPacket)
	case len(i.Group) > maxGroup:
		return nil, fmt.Errorf("the path of the group is longer than %d bytes", maxGroup)
	}
	return i.beside[3:4:4], nil
}

// maxGroup bounds the path of a group, in bytes, as a path is bounded (PATH_MAX).
const maxGroup = 4096

// gather lists plan, status and the worker's descriptors.
func (s *server) gather(i *inquiry) ([]*fdpass.Descriptor, error) {
	files, rest := i.beside[1:3:3], i.beside[3:]
	if i.Group != "" {
		rest = rest[min(1, len(rest)):]
	}
	for _, name := range i.Files {
		switch k, held := s.kept[name]; {
		case name == "" && len(rest) == 0:
			return nil, fmt.Errorf("%w: %d files came with %d descriptors", errPacket, len(i.Files), len(i.beside))
		case name == "":
			files, rest = append(files, rest[0]), rest[1:]
		case !held || k.text:
			return nil, fmt.Errorf("%q is not held", name)
		default:
			files = append(files, k.descriptor)
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d files came with %d descriptors", errPacket, len(i.Files), len(i.beside))
	}
	return files, nil
}

// listWorkers gives one page, by ID.
func (s *server) listWorkers(i *inquiry) (*answer, error) {
	a := &answer{}
	size := 0
	for _, id := range slices.Sorted(maps.Keys(s.workers)) {
		w := s.workers[id]
		if id <= i.ID {
			continue
		}
		if size += len(w.Name) + len(w.Label) + len(w.Mark) + len(w.Group) + 256; size > maxPage && len(a.Workers) > 0 || len(a.beside)+2 > maxRights {
			a.More = true
			break
		}
		a.Workers = append(a.Workers, w.wireWorker)
		a.beside = append(a.beside, w.first)
		if w.followed != nil {
			a.beside = append(a.beside, w.followed)
		}
	}
	return a, nil
}

// exit asks how one of the worker's two processes ended. It stays a zombie.
func (s *server) exit(i *inquiry) (*answer, error) {
	w, err := s.ward(i)
	if err != nil {
		return nil, err
	}
	e, err := w.exitOf(i.PID)
	if err != nil {
		return nil, err
	}
	return &answer{reply: reply{Exit: &wireExit{e.Code, int(e.Signal), e.CoreDumped, e.Unknown}}}, nil
}

func (w *ward) exitOf(pid int) (Exit, error) {
	d := w.first
	switch {
	case pid == w.Followed && w.followed != nil:
		d = w.followed
	case pid != w.PID:
		return Exit{}, fmt.Errorf("process %d is not the main one", pid)
	}
	var exit Exit
	err := d.Use(func(fd int) (err error) {
		var gone bool
		if exit, gone, err = exitOf(fd); err == nil && !gone {
			err = errRunning
		}
		return err
	})
	return exit, err
}

// follow makes the process of the pidfd that came along the main one.
func (s *server) follow(i *inquiry) (*answer, error) {
	w, err := s.ward(i)
	if err != nil {
		return nil, err
	}
	pid := 0
	if len(i.beside) > 0 {
		if pid, err = pidOf(i.beside[0]); err != nil {
			return nil, err
		}
	}
	w.unfollow()
	if pid > 0 {
		w.Followed, w.followed = pid, i.take(0)
	}
	return &answer{}, nil
}

func (w *ward) unfollow() {
	if w.followed != nil {
		_ = w.followed.Close()
		w.followed, w.Followed = nil, 0
	}
}

// pidOf asks which process a pidfd means: fdinfo of proc_pid_fdinfo(5) says it.
func pidOf(d *fdpass.Descriptor) (pid int, err error) {
	err = d.Use(func(fd int) error {
		b, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
		if err != nil {
			return err
		}
		_, rest, found := strings.Cut(string(b), "\nPid:\t")
		line, _, _ := strings.Cut(rest, "\n")
		if pid, err = strconv.Atoi(line); !found || err != nil {
			return errors.New("it is no pidfd")
		}
		return nil
	})
	if err == nil && pid <= 0 {
		err = os.ErrProcessDone
	}
	return pid, err
}

// forget gives the pid of a worker that has exited back to the kernel. With follow
// the first process may still run: then it is an orphan from here on.
func (s *server) forget(i *inquiry) (*answer, error) {
	w, err := s.ward(i)
	if err != nil {
		return nil, err
	}
	if _, err := w.exitOf(cmp.Or(w.Followed, w.PID)); err != nil {
		return nil, err
	}
	delete(s.workers, w.ID)
	for _, d := range []*fdpass.Descriptor{w.followed, w.first} {
		if d != nil {
			_ = d.Use(func(fd int) error { return waitid(fd, new(childInfo), unix.WEXITED|unix.WNOHANG) })
			_ = d.Close()
		}
	}
	return &answer{}, nil
}

// known are the children that somebody will ask about.
func (s *server) known() map[int]bool {
	pids := make(map[int]bool)
	for _, w := range s.workers {
		pids[w.PID], pids[w.Followed] = true, true
	}
	for _, m := range []*manager{s.current, s.trial} {
		if m != nil {
			pids[m.pid] = true
		}
	}
	return pids
}

// reap takes leave of orphans that have ended.
func (s *server) reap() {
	known := s.known()
	for _, pid := range children() {
		if !known[pid] {
			_, _ = syscall.Wait4(pid, nil, unix.WNOHANG|unix.WALL, nil)
		}
	}
}
