package fdpass

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// socketFile is the file of a unix socket or fifo that we made. A second, hidden name for the same inode is kept beside
// it: a socket lives at an inode, so after somebody removed the path the inode can be linked back and clients reach the
// same socket again.
type socketFile struct {
	path  string
	aside string // "" when the folder allows no hard link
	id    fileID
}

// fileID tells one inode from another.
type fileID struct{ dev, ino uint64 }

func asideOf(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".supervise")
}

// identify gives the inode at path; symbolic links are not followed.
func identify(path string) (id fileID, mode uint32, err error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return fileID{}, 0, err
	}
	return fileID{uint64(st.Dev), st.Ino}, st.Mode & unix.S_IFMT, nil
}

// newSocketFile takes note of the file just made at path and links it aside.
func newSocketFile(path string) (*socketFile, error) {
	id, _, err := identify(path)
	for tries := 0; errors.Is(err, unix.ENOENT) && tries < 100; tries++ {
		time.Sleep(time.Millisecond) // somebody's clearStale has it in the hand, sees that it lives and puts it back
		id, _, err = identify(path)
	}
	if err != nil {
		return nil, err
	}
	f := &socketFile{path: path, id: id}
	f.keepAside()
	return f, nil
}

// keepAside makes the hidden name, in place of what an earlier life left there. Without it RestorePath has nothing to
// link back and says so.
func (f *socketFile) keepAside() {
	aside := asideOf(f.path)
	id, mode, err := identify(aside)
	if err == nil && id == f.id {
		f.aside = aside
		return
	}
	if err == nil && mode == unix.S_IFIFO {
		_ = os.Remove(aside) // a name that only we give, for a fifo whose path is gone
	}
	if clearStale(aside) == nil && os.Link(f.path, aside) == nil {
		f.aside = aside
	}
}

// ours says whether path is still the inode that we made.
func (f *socketFile) ours(path string) bool {
	id, _, err := identify(path)
	return path != "" && err == nil && id == f.id
}

// remove unlinks both names, each only if it is still ours: another process may have bound its own socket meanwhile.
func (f *socketFile) remove() {
	if f == nil {
		return
	}
	for _, path := range []string{f.path, f.aside} {
		if f.ours(path) {
			_ = os.Remove(path)
		}
	}
}

// restore links the path back from the hidden name. Something dead that lies there is replaced, something live is not.
func (f *socketFile) restore() (restored bool, err error) {
	switch {
	case f.ours(f.path):
		return false, nil
	case !f.ours(f.aside):
		return false, fmt.Errorf("cannot link %q back: no second name of it is left (reopen the listener)", f.path)
	}
	if err := clearStale(f.path); err != nil {
		return false, fmt.Errorf("cannot link %q back: %w", f.path, err)
	}
	if err := os.Link(f.aside, f.path); err != nil {
		return false, fmt.Errorf("cannot link %q back: %w", f.path, errors.Unwrap(err))
	}
	return true, nil
}

// setOwnership sets mode and owner of the inode, by a descriptor of it, so that nobody can put another file at the
// path between our check and our change. op is the attribute that failed.
func (f *socketFile) setOwnership(spec Spec) (op string, err error) {
	fd, err := unix.Open(f.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "mode", err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "mode", err
	}
	if (fileID{uint64(st.Dev), st.Ino}) != f.id {
		return "mode", errors.New("the path is no longer the listener's own")
	}
	if err := changeOwner(fd, st, spec); err != nil {
		return "owner", err
	}
	return "mode", changeMode(fd, st, spec)
}

func changeOwner(fd int, st unix.Stat_t, spec Spec) error {
	if (spec.UID < 0 || uint32(spec.UID) == st.Uid) && (spec.GID < 0 || uint32(spec.GID) == st.Gid) {
		return nil
	}
	return unix.Fchownat(fd, "", spec.UID, spec.GID, unix.AT_EMPTY_PATH)
}

// changeMode goes through /proc: fchmod(2) refuses O_PATH descriptors and fchmodat2(2) is young.
func changeMode(fd int, st unix.Stat_t, spec Spec) error {
	if spec.Mode == 0 || st.Mode&0o7777 == spec.Mode {
		return nil
	}
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), spec.Mode)
}

// errNoSocket: what lies at the path is not a socket, so it is not ours to replace.
var errNoSocket = errors.New("there is a file at this path that is no socket (move it away, or choose another path)")

// clearStale removes a dead socket at path: one whose process is gone. Between looking and removing, somebody may have
// put a live one there; so the path is first renamed away, looked at again, and put back if it lives.
func clearStale(path string) error {
	if err := probe(path); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		return err
	}
	grabbed := fmt.Sprintf("%s.stale-%x", asideOf(path), rand.Uint64())
	if err := unix.Rename(path, grabbed); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		return err
	}
	if err := probe(grabbed); err != nil {
		_ = unix.Renameat2(unix.AT_FDCWD, grabbed, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
		return err
	}
	return unix.Unlink(grabbed)
}

// probe is nil for a dead socket, ENOENT for no file, EADDRINUSE for a live socket and errNoSocket for anything else.
// It connects with a datagram socket, because that disturbs nobody: a live socket of another type answers EPROTOTYPE,
// even between its bind(2) and listen(2), and only an inode without a socket answers ECONNREFUSED (unix_find_bsd in
// net/unix/af_unix.c).
func probe(path string) error {
	_, mode, err := identify(path)
	if err != nil {
		return err
	}
	if mode != unix.S_IFSOCK {
		return errNoSocket
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return judge(connectPath(fd, path))
}

func judge(err error) error {
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return nil
	case err == nil, errors.Is(err, unix.EPROTOTYPE), errors.Is(err, unix.EPERM):
		return unix.EADDRINUSE
	}
	return err
}

// connectPath goes by a descriptor of the file when the path is longer than a socket address can be.
func connectPath(fd int, path string) error {
	if len(path) <= maxUnixPath {
		return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	}
	file, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d", file)})
}
