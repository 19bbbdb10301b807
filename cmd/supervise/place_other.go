//go:build !windows

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
)

// controlExample is how a control address begins.
const controlExample = "unix:///..."

// person is for whom a path is looked for: a fixed value in tests.
type person struct {
	uid    int
	getenv func(string) string
	temp   string
	system string // where root's control sockets are
}

func self() person {
	return person{uid: os.Geteuid(), getenv: os.Getenv, temp: os.TempDir(), system: system}
}

// folder is where default control sockets are: /run/supervise for root, otherwise $XDG_RUNTIME_DIR/supervise, and
// TMPDIR/supervise-UID when there is no such folder of the login.
func (p person) folder() string {
	if p.uid == 0 {
		return p.system
	}
	if dir := p.getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "supervise")
	}
	return filepath.Join(p.temp, "supervise-"+strconv.Itoa(p.uid))
}

// folderMode lets everybody into root's folder: who may do what is the matter of each socket.
func (p person) folderMode() os.FileMode {
	if p.uid == 0 {
		return 0o755
	}
	return 0o700
}

// defaultSocket is the control socket of a configuration file or, without one, of a command.
func (p person) defaultSocket(name string) string {
	return filepath.Join(p.folder(), baseName(name)+".sock")
}

// socketPath is the path of a control address on the command line.
func socketPath(address string) (string, error) {
	path := address
	if strings.Contains(address, "://") {
		a, err := config.ParseAddress(address)
		if err != nil {
			return "", err
		}
		if a.Network != "unix" {
			return "", fmt.Errorf("cannot use control address %q: only unix://PATH is possible, since it is the kernel that says who connects", address)
		}
		path = a.Path
	}
	if strings.HasPrefix(path, "@") {
		return "", fmt.Errorf("cannot use control address %q: abstract sockets have no permissions, give a path", address)
	}
	return filepath.Abs(path)
}

// runtimeDir is the folder beside a control socket where notify sockets and workers' folders are. It has a suffix of its own,
// because it is emptied at start: "/srv/app.sock" must not stand for the folder "/srv/app".
func runtimeDir(socket string) string { return strings.TrimSuffix(socket, ".sock") + ".run" }

// socketsIn are the control sockets in a folder, and what is left of some.
func socketsIn(folder string) []string {
	paths, _ := filepath.Glob(filepath.Join(folder, "*.sock"))
	return paths
}
