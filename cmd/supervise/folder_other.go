//go:build !windows

package main

import (
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

// controlSID is Windows's name of that group.
func controlSID(config.Control) string { return "" }

// ownFolder makes dir, or checks that the one that exists is a folder of ours that nobody else may write to: in a temporary
// folder anybody could have put it there first.
func ownFolder(dir string, mode os.FileMode) error {
	there, err := folderThere(dir, func() error { return os.Mkdir(dir, mode) })
	switch {
	case err != nil || there == nil:
		return err
	case !ownedByUs(there):
		return fmt.Errorf("%s belongs to another user", dir)
	case there.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write to %s (chmod go-w)", dir)
	}
	return nil
}
