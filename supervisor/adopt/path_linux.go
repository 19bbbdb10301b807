package adopt

import (
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unlink answers unlink(2) and unlinkat(2): a listener's path is left where it is.
func (s *server) unlink(q question) verdict {
	at, folder := q.arguments[0], unix.AT_FDCWD
	if q.call == callUnlinkAt {
		at, folder = q.arguments[1], q.descriptor()
		if q.arguments[2]&unix.AT_REMOVEDIR != 0 {
			return pass()
		}
	}
	path, err := s.text(q.notice, at)
	if err != nil {
		return s.notIntercepted(q.notice, Event{}, err)
	}
	for i := range s.o.Listeners {
		ours := s.o.Sockets.Model(i).Address()
		if strings.HasPrefix(ours.Network, "unix") && s.samePathAt(q, folder, path, ours.Path) {
			return succeed()
		}
	}
	return pass()
}

// samePath is whether a path of the program is one of ours.
func (s *server) samePath(q question, path, ours string) bool {
	return s.samePathAt(q, unix.AT_FDCWD, path, ours)
}

// samePathAt compares the name, and the folder as a file: what leads to it does not matter. An abstract name is a name only.
func (s *server) samePathAt(q question, folder int, path, ours string) bool {
	if strings.HasPrefix(path, "@") || strings.HasPrefix(ours, "@") {
		return path == ours
	}
	dir, name := filepath.Split(path)
	our, ourName := filepath.Split(ours)
	if name == "" || name != ourName {
		return false
	}
	var st unix.Stat_t
	if unix.Stat(our+".", &st) != nil {
		return false
	}
	fd, err := openFolder(int(q.pid), folder, dir)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var theirs unix.Stat_t
	return unix.Fstat(fd, &theirs) == nil && theirs.Dev == st.Dev && theirs.Ino == st.Ino && s.waits(q.notice)
}

// openFolder opens a folder as the process would. An absolute path begins at its root and does not get out of it (openat2(2)).
func openFolder(pid, from int, dir string) (int, error) {
	start := procFile(pid, "cwd")
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC}
	switch {
	case strings.HasPrefix(dir, "/"):
		start, how.Resolve = procFile(pid, "root"), unix.RESOLVE_IN_ROOT
	case from != unix.AT_FDCWD:
		start = procFile(pid, "fd", strconv.Itoa(from))
	}
	fd, err := unix.Open(start, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil || dir == "" {
		return fd, err
	}
	defer unix.Close(fd)
	return unix.Openat2(fd, dir, &how)
}
