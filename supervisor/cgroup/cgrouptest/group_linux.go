package cgrouptest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// group is one in that of this process, wherever the hierarchy is mounted, or nowhere. It is made without package cgroup, which it tests.
type group struct {
	fd, hierarchy int
	path          string
}

func newGroup(name string) (*group, error) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	_, own, found := bytes.Cut(append([]byte("\n"), b...), []byte("\n0::"))
	own, _, _ = bytes.Cut(own, []byte("\n"))
	if !found {
		return nil, errors.New("this process is in no group")
	}
	config, err := unix.Fsopen("cgroup2", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(config)
	if err := unix.FsconfigCreate(config); err != nil {
		return nil, err
	}
	hierarchy, err := unix.Fsmount(config, unix.FSMOUNT_CLOEXEC, 0) // ends with its descriptor
	if err != nil {
		return nil, err
	}
	g := &group{hierarchy: hierarchy, path: filepath.Join(fmt.Sprintf("/proc/self/fd/%d", hierarchy), string(own), name)}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return nil, errors.Join(err, unix.Close(hierarchy))
	}
	if g.fd, err = unix.Open(g.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return nil, errors.Join(err, os.Remove(g.path), unix.Close(hierarchy))
	}
	return g, nil
}

// end kills what is in the group and removes it with those below it.
func (g *group) end() error {
	err := os.WriteFile(filepath.Join(g.path, "cgroup.kill"), []byte("1"), 0)
	for err == nil {
		err = removeAll(g.path)
		if errors.Is(err, unix.EBUSY) { // they are dying
			err = g.await()
		} else {
			break
		}
	}
	return errors.Join(err, unix.Close(g.fd), unix.Close(g.hierarchy))
}

// await waits until cgroup.events says that nothing is populated any more.
func (g *group) await() error {
	f, err := os.Open(filepath.Join(g.path, "cgroup.events"))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		text := make([]byte, 4096)
		if _, err := f.ReadAt(text, 0); bytes.Contains(text, []byte("populated 0")) {
			return nil
		} else if text[0] == 0 {
			return err
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}, -1); err != nil && err != unix.EINTR {
			return err
		}
	}
}

func removeAll(path string) error {
	below, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, d := range below {
		if d.IsDir() {
			err = errors.Join(err, removeAll(filepath.Join(path, d.Name())))
		}
	}
	return errors.Join(err, unix.Rmdir(path))
}
