package cgroup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leaf is the group of supervise's own processes, once they may not stay in the place itself.
const leaf = "supervise"

// Place is the group in which supervise may make others.
type Place struct {
	group Group
	root  bool // of all groups: processes may stay in it
}

// Find looks for the group that was given to supervise. It changes nothing. The error says what is missing, and what to do about it.
func Find() (*Place, error) {
	own, err := PathOf(os.Getpid())
	if err != nil {
		return nil, cannotUse(err)
	}
	if err := canBornIn(); err != nil {
		return nil, cannotUse(err)
	}
	var first error
	for _, p := range candidates(own) {
		place, err := look(p)
		if err == nil {
			return place, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, cannotUse(notGiven(own, first))
}

// candidates are the groups that may be the one given to us: our own, or the one above if only our own processes are kept apart in ours,
// by us or by systemd (DelegateSubgroup=).
func candidates(own string) []string {
	switch {
	case own == "/":
		return []string{own}
	case path.Base(own) == leaf:
		return []string{path.Dir(own), own}
	}
	return []string{own, path.Dir(own)}
}

func cannotUse(err error) error { return fmt.Errorf("cannot use control groups: %w", err) }

var errNotGiven = errors.New("not given")

// notGiven is the whole reason where nobody has given us the group that we are in.
func notGiven(own string, err error) error {
	if !errors.Is(err, errNotGiven) {
		return err
	}
	return fmt.Errorf("group %q was not given to supervise (in a unit of systemd: Delegate=yes; by hand: systemd-run --scope -p Delegate=yes supervise …, as an ordinary user systemd-run --user --scope)", own)
}

// look judges one group.
func look(p string) (*Place, error) {
	dir, err := folderOf(p)
	if err != nil {
		return nil, err
	}
	place := &Place{group: Group{path: p, dir: dir}}
	kind, err := os.ReadFile(filepath.Join(dir, "cgroup.type"))
	place.root = errors.Is(err, fs.ErrNotExist) // only the root of all has none
	switch {
	case err != nil && !place.root:
		return nil, err
	case !place.root && strings.TrimSpace(string(kind)) != "domain":
		return nil, fmt.Errorf("group %q is for threads (its cgroup.type is %s)", p, strings.TrimSpace(string(kind)))
	case !isGiven(dir):
		return nil, errNotGiven
	}
	for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control"} {
		if err := unix.Faccessat(unix.AT_FDCWD, filepath.Join(dir, name), unix.W_OK, unix.AT_EACCESS); err != nil {
			return nil, unwritable(filepath.Join(dir, name), err)
		}
	}
	return place, nil
}

func unwritable(name string, err error) error {
	if err == unix.EROFS {
		return fmt.Errorf("%s is mounted read-only (a container needs it writable: its own cgroup namespace, and privileges)", name)
	}
	return fmt.Errorf("no right to write to %s: %w", name, err)
}

// isGiven is whether the group is ours to make others in.
func isGiven(dir string) bool {
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		var value [2]byte
		if n, err := unix.Getxattr(dir, name, value[:]); err == nil && n == 1 && value[0] == '1' {
			return true
		}
	}
	if _, err := os.Lstat("/run/systemd/system"); err != nil { // sd_booted(3)
		return true
	}
	return ownerOf(dir) == os.Geteuid() && os.Geteuid() != 0 && ownerOf(filepath.Dir(dir)) != os.Geteuid()
}

func ownerOf(dir string) int {
	info, err := os.Lstat(dir)
	if err != nil {
		return -1
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// folderOf is the folder of a group.
func folderOf(p string) (string, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	mounts := parseMounts(string(b))
	if len(mounts) == 0 {
		return "", errors.New("no hierarchy of version 2 is mounted (usually it is at /sys/fs/cgroup)")
	}
	for _, m := range slices.Backward(mounts) { // a later mount covers an earlier one
		if dir, ok := m.folder(p); ok {
			return dir, nil
		}
	}
	return "", fmt.Errorf("group %q lies outside of what is mounted at %s", p, mounts[0].point)
}

// canBornIn is whether the kernel lets a child be born in a group (CLONE_INTO_CGROUP, Linux 5.7): asked for a descriptor that cannot
// be, it says so, and forks nothing.
func canBornIn() error {
	args := [11]uint64{0: unix.CLONE_INTO_CGROUP, 10: 1<<31 - 1} // struct clone_args: flags first, cgroup last
	_, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if errno == unix.EBADF {
		return nil
	}
	return errors.New("the kernel starts no process in a group (Linux 5.7 does, unless a filter of system calls forbids clone3)")
}
