//go:build linux

package container_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// spec is what a runtime is told about a container.
type spec struct {
	Root     string
	Command  []string
	Env      []string
	UID      int
	ReadOnly bool     // the root
	Tmpfs    []string // folders that may be written to
}

// becomeInit runs as the first process of new namespaces: it mounts what the OCI runtime specification promises to Linux programs, and
// becomes the command. It has /proc and /dev, but nobody makes /tmp or /run.
func becomeInit(text string) error {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	if err := errors.Join(loopback(), s.mount()); err != nil {
		return err
	}
	if s.UID != 0 {
		err := errors.Join(unix.Setgroups(nil), unix.Setresgid(s.UID, s.UID, s.UID), unix.Setresuid(s.UID, s.UID, s.UID))
		if err != nil {
			return fmt.Errorf("cannot become user %d: %w", s.UID, err)
		}
	}
	return syscall.Exec(s.Command[0], s.Command, s.Env)
}

func (s spec) mount() error {
	at := func(path string) string { return filepath.Join(s.Root, path) }
	steps := []func() error{
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Mount(s.Root, s.Root, "", unix.MS_BIND, "") },
		func() error { return mountOn(at("proc"), "proc", "") },
		func() error { return mountOn(at("dev"), "tmpfs", "mode=0755") },
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		steps = append(steps, func() error { return bindFile("/dev/"+name, at("dev/"+name)) })
	}
	for _, name := range s.Tmpfs {
		steps = append(steps, func() error { return mountOn(at(name), "tmpfs", "mode=0777") })
	}
	steps = append(steps, s.enter)
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// enter makes the root the only file system.
func (s spec) enter() error {
	if s.ReadOnly {
		if err := unix.Mount("", s.Root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return err
		}
	}
	if err := unix.Chdir(s.Root); err != nil {
		return err
	}
	// pivot_root(2): with both the same, the old root is mounted over the new one, from where it can be taken off.
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	return errors.Join(unix.Unmount(".", unix.MNT_DETACH), unix.Chdir("/"))
}

func mountOn(path, kind, data string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return unix.Mount(kind, path, kind, 0, data)
}

func bindFile(source, target string) error {
	if err := os.WriteFile(target, nil, 0o644); err != nil {
		return err
	}
	return unix.Mount(source, target, "", unix.MS_BIND, "")
}

// loopback switches lo on, which a new network has but does not use.
func loopback() error {
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}
