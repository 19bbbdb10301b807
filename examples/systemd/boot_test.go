//go:build linux

package systemd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bootIn makes dir/root the file system, with the machine's own /etc and /usr/local/bin from dir, and becomes systemd. It runs as the
// first process of new namespaces and leaves nothing behind: all of it ends with the last process in there.
func bootIn(dir string) error {
	// Made now, the namespace has the machine's own cgroup as its root; clone(2) would take that of the test.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("cannot unshare the cgroup namespace: %w", err)
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("cannot switch on the loopback network: %w", err)
	}
	root := filepath.Join(dir, "root")
	if err := mounts(dir, root).do(); err != nil {
		return err
	}
	if err := enter(root); err != nil {
		return err
	}
	return unix.Exec("/lib/systemd/systemd", []string{"systemd", "--system", "--unit=machine.target", "--log-level=debug", "--log-target=console", "--log-color=no"},
		[]string{
			"container=supervise-test", // systemd leaves to the container's manager what concerns the kernel
			"PATH=/usr/local/bin:/usr/bin:/bin",
			"SYSTEMD_UNIT_PATH=/etc/systemd/system", // none of the distribution's
			"SYSTEMD_GENERATOR_PATH=/nonexistent",
			"SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nonexistent",
		})
}

// enter makes root the file system of this process, and nothing else is left.
func enter(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	// pivot_root(2): with both the same, the old root is mounted over the new one, from where it can be taken off.
	err := unix.PivotRoot(".", ".")
	if err == nil {
		err = unix.Unmount(".", unix.MNT_DETACH)
	}
	if err != nil {
		return fmt.Errorf("cannot make %s the root: %w", root, err)
	}
	return unix.Chdir("/")
}

// mount is one mount(2). Its target is made if it is missing: a folder, or a file over which a file is bound.
type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

type mountList []mount

func (l mountList) do() error {
	for _, m := range l {
		if err := m.do(); err != nil {
			return fmt.Errorf("cannot mount %s%s on %s: %w", m.kind, m.source, m.target, err)
		}
	}
	return nil
}

func (m mount) do() error {
	if err := m.makeTarget(); err != nil {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.kind, m.flags&^unix.MS_RDONLY, m.data); err != nil {
		return err
	}
	if m.flags&unix.MS_RDONLY == 0 {
		return nil
	}
	// A bind mount takes no other flags; a second call does (mount(2)).
	return unix.Mount("", m.target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

func (m mount) makeTarget() error {
	if _, err := os.Stat(m.target); err == nil {
		return nil
	}
	if info, err := os.Stat(m.source); m.flags&unix.MS_BIND == 0 || err == nil && info.IsDir() {
		return os.MkdirAll(m.target, 0o755)
	}
	return os.WriteFile(m.target, nil, 0o644)
}

const bind = unix.MS_BIND

// mounts is the file system of the machine: the programs and libraries of this one, read-only, and else its own.
func mounts(dir, root string) mountList {
	at := func(path string) string { return filepath.Join(root, path) }
	l := mountList{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"tmpfs", root, "tmpfs", 0, "mode=0755"},
		{"/usr", at("usr"), "", bind | unix.MS_RDONLY, ""},
		{filepath.Join(dir, "bin"), at("usr/local/bin"), "", bind | unix.MS_RDONLY, ""},
		{filepath.Join(dir, "etc"), at("etc"), "", bind, ""},
		{"proc", at("proc"), "proc", 0, ""},
		{"/proc/sys", at("proc/sys"), "", bind | unix.MS_RDONLY, ""}, // systemd raises limits of the whole kernel
		{"sysfs", at("sys"), "sysfs", unix.MS_RDONLY, ""},
		{"cgroup2", at("sys/fs/cgroup"), "cgroup2", 0, ""},
		{"tmpfs", at("run"), "tmpfs", 0, "mode=0755"},
		{"tmpfs", at("tmp"), "tmpfs", 0, "mode=1777"},
		{"tmpfs", at("dev"), "tmpfs", 0, "mode=0755"},
		{filepath.Join(dir, "console"), at("dev/console"), "", bind, ""},
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		l = append(l, mount{"/dev/" + name, at("dev/" + name), "", bind, ""})
	}
	return append(l, libraries(at)...)
}

// otherSystemd names the variable for a folder into which the packages of another systemd are unpacked (dpkg -x). It is then taken
// instead of this machine's.
const otherSystemd = "SUPERVISE_SYSTEMD"

// libraries are the folders beside /usr that Debian has, as links into it or of their own; and over them the other systemd.
func libraries(at func(string) string) (l mountList) {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if _, err := os.Stat("/" + name); err == nil {
			l = append(l, mount{"/" + name, at(name), "", bind | unix.MS_RDONLY, ""})
		}
	}
	other := os.Getenv(otherSystemd)
	if other == "" {
		return l
	}
	for _, name := range []string{"bin", "lib"} {
		layers := []string{filepath.Join(other, name), filepath.Join(other, "usr", name), "/usr/" + name}
		data := "lowerdir=" + strings.Join(layers, ":")
		l = append(l, mount{"overlay", at("usr/" + name), "overlay", 0, data}, mount{"overlay", at(name), "overlay", 0, data})
	}
	return l
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
