package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// At gives the group of that path in the hierarchy, as a process that was born in it names it. Whether it is still there is not asked.
func At(path string) (*Group, error) {
	dir, err := folderOf(path)
	if err != nil {
		return nil, err
	}
	return &Group{path: path, dir: dir}, nil
}

// Create makes the group anew, in one that is there. The caller removes it.
func (g *Group) Create() error { return os.Mkdir(g.dir, 0o755) }

// PathOf is the group of a process, alive or not yet reaped.
func PathOf(pid int) (string, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return "", err
	}
	return parseMembership(string(b))
}

// Use calls f with a descriptor of the group's folder, as clone(2) takes it, which is closed after that.
func (g *Group) Use(f func(fd int) error) error {
	fd, err := unix.Open(g.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: g.dir, Err: err}
	}
	defer unix.Close(fd)
	return f(fd)
}

// Procs are the processes in the group and in those below it, in no order. Zombies are none.
func (g *Group) Procs() (pids []int, err error) {
	err = g.walk(func(dir string) error {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 { // 0 is one that our pid namespace does not see
				pids = append(pids, pid)
			}
		}
		return ignoreGone(err)
	})
	return pids, err
}

// walk calls f with the folders of the group and of those below it, innermost first.
func (g *Group) walk(f func(dir string) error) error {
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		return ignoreGone(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, (&Group{dir: filepath.Join(g.dir, e.Name())}).walk(f))
		}
	}
	return errors.Join(err, f(g.dir))
}

// ignoreGone is nil for a group that is not there (any more): ENODEV is what its open files give.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// Gone is whether the group is not there any more.
func (g *Group) Gone() bool {
	_, err := os.Lstat(g.dir)
	return errors.Is(err, fs.ErrNotExist)
}

// Kill sends SIGKILL to all processes in the group and below, those that are being forked too, and waits until none is left, or an
// error after timeout. One that hangs in the kernel survives that.
func (g *Group) Kill(timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		if err := g.killOnce(); err != nil {
			return fmt.Errorf("cannot kill group %q: %w", g.path, err)
		}
		empty, err := g.await(min(killRound, time.Until(deadline)))
		if err != nil || empty {
			return err
		}
		if !time.Now().Before(deadline) {
			pids, _ := g.Procs()
			slices.Sort(pids)
			return fmt.Errorf("cannot kill group %q: processes %v do not end (hanging in the kernel?)", g.path, pids[:min(len(pids), 5)])
		}
	}
}

// killRound is how long the processes may take to go before they are killed anew.
const killRound = time.Second

// killOnce uses cgroup.kill of Linux 5.14. Before that a frozen group cannot fork away from the signals, and takes SIGKILL all the same.
func (g *Group) killOnce() error {
	err := g.write("cgroup.kill", "1")
	if !errors.Is(err, fs.ErrNotExist) {
		return ignoreGone(err)
	}
	if g.Gone() {
		return nil
	}
	return g.killFrozen()
}

func (g *Group) killFrozen() error {
	if err := g.write("cgroup.freeze", "1"); err != nil {
		return ignoreGone(err)
	}
	defer func() { _ = g.write("cgroup.freeze", "0") }()
	pids, err := g.Procs()
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		if path, err := PathOf(pid); err == nil && g.Holds(path) { // judged after it was opened: no stranger got the number since
			_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
		unix.Close(fd)
	}
	return err
}

// Empty is whether no process is in the group or below it. One that is gone is.
func (g *Group) Empty() (bool, error) { return g.await(0) }

// await waits until no process is left, at most so long: cgroup.events can be polled for changes.
func (g *Group) await(limit time.Duration) (empty bool, err error) {
	f, err := os.Open(filepath.Join(g.dir, "cgroup.events"))
	if err != nil {
		return ignoreGone(err) == nil, ignoreGone(err)
	}
	defer f.Close()
	deadline := time.Now().Add(limit)
	for {
		text := make([]byte, 4096)
		n, err := f.ReadAt(text, 0)
		if n == 0 {
			return ignoreGone(err) == nil, ignoreGone(err)
		}
		if events(string(text[:n]), "populated") == 0 {
			return true, nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return false, nil
		}
		if err := poll(f, left); err != nil {
			return false, err
		}
	}
}

func poll(f *os.File, limit time.Duration) error {
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}, int(limit.Milliseconds())+1)
	if err == unix.EINTR {
		return nil
	}
	return os.NewSyscallError("poll", err)
}

// Remove removes the group with those below it; nothing may be left in them. One that is gone is no error.
func (g *Group) Remove() error {
	return g.walk(func(dir string) error {
		err := unix.Rmdir(dir)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		return &fs.PathError{Op: "remove group", Path: dir, Err: err}
	})
}

// Settle puts the last of the limits in force, now that the worker's own program runs: see birthThreads.
func (g *Group) Settle(l Limits) error {
	if l.PIDs == 0 {
		return nil
	}
	return g.write("pids.max", strconv.FormatUint(l.PIDs, 10))
}

func (g *Group) apply(l Limits) error {
	for _, s := range l.settings() {
		if err := g.write(s.file, s.value); err != nil {
			return err
		}
	}
	return nil
}

// OutOfMemory is whether the kernel has killed the processes of a group whose memory is limited, all of them, for want of memory; with the
// limit, unless it was that of a group around this one, or the machine, that was reached.
func (g *Group) OutOfMemory() (limit string, killed bool) {
	b, err := os.ReadFile(filepath.Join(g.dir, "memory.events"))
	if err != nil || events(string(b), "oom_kill") == 0 || !slices.Equal(g.words("memory.oom.group"), []string{"1"}) {
		return "", false
	}
	n, err := strconv.ParseUint(strings.Join(g.words("memory.max"), ""), 10, 64)
	if err != nil || events(string(b), "oom") == 0 {
		return "", true
	}
	return Bytes(n), true
}

// write writes one value, as the files of a group take it: with a single call, and no other file is ever made.
func (g *Group) write(name, value string) error { return writeFile(filepath.Join(g.dir, name), value) }

func writeFile(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
