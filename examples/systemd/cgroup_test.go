//go:build linux

package systemd_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cgroup is one below the root of the unified hierarchy, wherever that is mounted, or nowhere.
type cgroup struct {
	fd, hierarchy int
	path          string
}

// newCgroup makes a cgroup. The caller removes it, when all its processes are gone.
func newCgroup(name string) (*cgroup, error) {
	config, err := unix.Fsopen("cgroup2", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(config)
	if err := unix.FsconfigCreate(config); err != nil {
		return nil, err
	}
	// A mount that is nowhere in the file system and ends with its descriptor, fsmount(2).
	hierarchy, err := unix.Fsmount(config, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/proc/self/fd/%d/%s", hierarchy, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, errors.Join(err, unix.Close(hierarchy))
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path), unix.Close(hierarchy))
	}
	return &cgroup{fd: fd, hierarchy: hierarchy, path: path}, nil
}

// remove removes the cgroup, with those that its processes have made.
func (c *cgroup) remove() error {
	return errors.Join(removeTree(c.path), unix.Close(c.fd), unix.Close(c.hierarchy))
}

// removeTree removes a cgroup and those below it; their files go with them.
func removeTree(path string) error {
	below, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, d := range below {
		if d.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(path, d.Name())))
		}
	}
	return errors.Join(err, unix.Rmdir(path))
}
