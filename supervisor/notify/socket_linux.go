package notify

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// maxPath is what sun_path (unix(7)) holds beside its terminating NUL. The worker has to write the same path into its own
// address, so no detour through /proc/self/fd helps.
const maxPath = 107

// state is a datagram socket.
type state struct {
	file *os.File    // in Go's poller: no thread and no wake-up while nothing comes
	made os.FileInfo // what the path was when we bound it; Close unlinks only that

	peeked   bool        // the queue begins with what Peek gave; owned by the reader
	finished atomic.Bool // Peek waits no more
	closed   atomic.Bool // set first: os.File's raw errors do not say that it is closed
}

func place(folder string) string { return folder + ".notify" }

func listen(path string, uid int) (*Socket, error) {
	s, err := open(path, uid)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for notifications on %q: %w", path, err)
	}
	return s, nil
}

func open(path string, uid int) (*Socket, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	s := &Socket{path: path, state: state{file: os.NewFile(uintptr(fd), path)}}
	if err := s.bind(fd, uid); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func checkPath(path string) error {
	switch {
	case len(path) > maxPath:
		return fmt.Errorf("the path has %d bytes and a socket address holds %d (use a shorter runtime folder)", len(path), maxPath)
	case !strings.HasPrefix(path, "/"):
		return errors.New("the path is not absolute")
	}
	return nil
}

// bind makes the socket visible only when it is complete: the kernel gives the new path the mode of the socket's inode
// less the umask, and credentials are attached when a datagram is sent.
func (s *Socket) bind(fd, uid int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return fmt.Errorf("SO_PASSCRED: %w", err)
	}
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return err
	}
	err := unix.Bind(fd, &unix.SockaddrUnix{Name: s.path})
	if err == unix.EADDRINUSE && removeStale(s.path) {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: s.path})
	}
	if err != nil {
		return describeBind(err)
	}
	return s.own(uid)
}

// own remembers what the path is and gives it to uid. fchown would change the socket's own inode, not the path's.
func (s *Socket) own(uid int) (err error) {
	if s.made, err = os.Lstat(s.path); err != nil {
		return err
	}
	// A umask like 0277 takes bits away from the mode that fchmod chose.
	if err := os.Chmod(s.path, 0o600); err != nil {
		return err
	}
	if uid < 0 || uid == unix.Geteuid() {
		return nil
	}
	return os.Lchown(s.path, uid, -1)
}

func describeBind(err error) error {
	switch err {
	case unix.EADDRINUSE:
		return errors.New("the path exists and is in use (is another supervise running with this runtime folder?)")
	case unix.ENOENT:
		return errors.New("its folder does not exist")
	}
	return err
}

// removeStale asks who is behind a path before it unlinks it: connect(2) to a socket that no process has open is refused.
func removeStale(path string) bool {
	if st, err := os.Lstat(path); err != nil || st.Mode().Type() != os.ModeSocket {
		return false
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) == unix.ECONNREFUSED && os.Remove(path) == nil
}

func restore(path string, f *os.File) (*Socket, error) {
	defer f.Close()
	file, err := duplicate(f)
	if err != nil {
		return nil, fmt.Errorf("cannot restore notifications on %q: %w", path, err)
	}
	s := &Socket{path: path, state: state{file: file}}
	if err := s.check(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot restore notifications on %q: %w", path, err)
	}
	s.made, _ = os.Lstat(path) // a path that is gone is nothing to unlink later
	return s, nil
}

// check makes sure that the descriptor is what Listen made.
func (s *Socket) check() error {
	return control(s.file, func(fd int) error {
		if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_DGRAM {
			return errors.New("the descriptor is not a datagram socket")
		}
		name, err := unix.Getsockname(fd)
		if err != nil {
			return err
		}
		if at, ok := name.(*unix.SockaddrUnix); !ok || at.Name != s.path {
			return errors.New("the descriptor is bound to something else")
		}
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	})
}

func (s *Socket) finish() {
	s.finished.Store(true)
	_ = s.file.SetReadDeadline(time.Unix(1, 0))
}

func (s *Socket) end() error {
	s.closed.Store(true)
	var err error
	if now, e := os.Lstat(s.path); e == nil && s.made != nil && os.SameFile(s.made, now) {
		err = os.Remove(s.path)
	}
	if e := s.file.Close(); e != nil {
		err = e
	}
	return err
}

func (s *Socket) duplicate() (*os.File, error) {
	f, err := duplicate(s.file)
	if err != nil {
		return nil, fmt.Errorf("cannot duplicate notification socket %q: %w", s.path, err)
	}
	return f, nil
}

// duplicate does not use (*os.File).Fd, which would take the original out of the poller. O_NONBLOCK is a flag of the open
// socket, not of the descriptor, so it is set again: the one we got may come from elsewhere.
func duplicate(f *os.File) (dup *os.File, err error) {
	err = control(f, func(fd int) error {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.SetNonblock(n, true); err != nil {
			_ = unix.Close(n)
			return err
		}
		dup = os.NewFile(uintptr(n), f.Name())
		return nil
	})
	return dup, err
}

func control(f *os.File, do func(fd int) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := c.Control(func(fd uintptr) { inner = do(int(fd)) }); err != nil {
		return err
	}
	return inner
}
