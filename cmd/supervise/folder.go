package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// listenControl opens the control socket, which also makes sure that there is one supervise for it.
func listenControl(path string, c config.Control) (*control.Listener, error) {
	if c.Group != "" && controlGroup(c) < 0 {
		return nil, &exitError{code: codeConfig, err: fmt.Errorf("cannot use control.group %q: there is no such group", c.Group)}
	}
	who := self()
	if dir := filepath.Dir(path); dir == who.folder() {
		if err := ownFolder(dir, who.folderMode()); err != nil {
			return nil, fmt.Errorf("cannot use the folder of the control socket: %w", err)
		}
	}
	return control.Listen(controlPlace(path, c))
}

func controlPlace(path string, c config.Control) control.Place {
	return control.Place{Path: path, Mode: c.Mode, GID: controlGroup(c), Folder: 0o755}
}

// controlGroup is the number of the group that may send commands, -1 for none.
func controlGroup(c config.Control) int {
	if c.Group == "" {
		return -1
	}
	if g, err := user.LookupGroup(c.Group); err == nil {
		n, _ := strconv.Atoi(g.Gid)
		return n
	}
	if n, err := strconv.Atoi(c.Group); err == nil && n >= 0 {
		return n
	}
	return -1
}

// marker is in every runtime folder that supervise has made: only such a one is ever emptied.
const marker = ".supervise"

// makeRuntimeDir makes the folder for this run. What a killed supervise left behind is removed. Others may pass through the
// folder, as workers of other users must, but not list it; what is inside has an owner of its own.
func makeRuntimeDir(dir string) (string, error) {
	if _, err := os.Lstat(filepath.Join(dir, marker)); err == nil {
		if err := ownFolder(dir, 0o711); err != nil {
			return "", fmt.Errorf("cannot use the runtime folder: %w", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("cannot empty the runtime folder: %w", err)
		}
	}
	err := os.Mkdir(dir, 0o711)
	if errors.Is(err, os.ErrNotExist) {
		err = errors.Join(os.MkdirAll(filepath.Dir(dir), 0o755), os.Mkdir(dir, 0o711))
	}
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("cannot make the runtime folder %s: it exists and is not ours (remove it, or choose another control address)", dir)
		}
		return "", fmt.Errorf("cannot make the runtime folder: %w", err)
	}
	// The umask may have taken bits away.
	err = errors.Join(os.Chmod(dir, 0o711), os.WriteFile(filepath.Join(dir, marker), nil, 0o600))
	if err != nil {
		return "", errors.Join(fmt.Errorf("cannot make the runtime folder: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// ownFolder makes dir, or checks that the one that exists is a folder of ours that nobody else may write to: in a temporary
// folder anybody could have put it there first.
func ownFolder(dir string, mode os.FileMode) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o755)
	if err == nil {
		err = os.Mkdir(dir, mode)
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	case !ownedByUs(info):
		return fmt.Errorf("%s belongs to another user", dir)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write to %s (chmod go-w)", dir)
	}
	return nil
}
