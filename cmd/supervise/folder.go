package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

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

// folderThere has dir made in a folder that is made if need be. It gives what was there already, which must be a folder and no link; nil
// when there was nothing.
func folderThere(dir string, make func() error) (os.FileInfo, error) {
	err := os.MkdirAll(filepath.Dir(dir), 0o755)
	if err == nil {
		err = make()
	}
	if !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", dir)
	}
	return info, err
}
