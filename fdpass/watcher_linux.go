package fdpass

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// watcher is one epoll(7) with every socket and an inotify(7) in it. The epoll descriptor itself waits in Go's poller,
// so no thread does. Sockets are in it edge-triggered and without EPOLLIN: the kernel wakes us for EPOLLHUP and
// EPOLLRDHUP alone.
type watcher struct {
	// fixed after newWatcher
	epoll   *os.File
	raw     syscall.RawConn
	inotify int
	out     chan WatchEvent
	stop    chan struct{} // closed by close
	done    chan struct{} // closed when run has returned

	mu     sync.Mutex
	closed bool
	last   int32
	byID   map[int32]*watched
	byPath map[int32]*watched // by inotify watch descriptor
	ids    map[*Socket]int32
}

// watched is a socket with its descriptor in use, which keeps the number open: an epoll entry belongs to the open file
// description, which workers hold too, and could not be taken out any more after the number is closed.
type watched struct {
	socket *Socket
	d      *Descriptor
	file   *socketFile
	path   int32 // inotify watch descriptor; -1 without
}

const inotifyID = 0 // in the epoll data; sockets count from 1

func newWatcher() (*Watcher, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	inotify, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	w := &Watcher{watcher{inotify: inotify, out: make(chan WatchEvent), stop: make(chan struct{}), done: make(chan struct{}),
		byID: map[int32]*watched{}, byPath: map[int32]*watched{}, ids: map[*Socket]int32{}}}
	if err := w.start(epoll); err != nil {
		_ = unix.Close(inotify)
		return nil, err
	}
	go w.run()
	return w, nil
}

// start owns epoll.
func (w *watcher) start(epoll int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: inotifyID}
	err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, w.inotify, &ev)
	if err == nil {
		err = unix.SetNonblock(epoll, true) // tells os.NewFile that Go's poller can wait for it
	}
	if err != nil {
		_ = unix.Close(epoll)
		return err
	}
	w.epoll = os.NewFile(uintptr(epoll), "epoll")
	w.raw, err = w.epoll.SyscallConn()
	return err
}

// control runs f with the epoll descriptor.
func (w *watcher) control(f func(epoll int) error) error {
	var failed error
	if err := w.raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

func (w *watcher) add(s *Socket) error {
	s.mu.Lock()
	e := &watched{socket: s, d: s.d, file: s.file, path: -1}
	s.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.ids[s]; ok || w.closed {
		return errors.New("cannot watch listener: it is watched already, or the watcher is closed")
	}
	if err := e.d.enter(); err != nil {
		return err
	}
	w.last++
	w.byID[w.last], w.ids[s] = e, w.last
	if err := w.register(e, w.last); err != nil {
		w.forget(s)
		return err
	}
	return nil
}

// register watches the inode of the path, not its folder, which others may be busy in. Unlinking one of its names
// changes the link count: IN_ATTRIB.
func (w *watcher) register(e *watched, id int32) error {
	if e.file != nil {
		wd, err := unix.InotifyAddWatch(w.inotify, e.file.path, unix.IN_ATTRIB|unix.IN_MOVE_SELF|unix.IN_DONT_FOLLOW)
		if err != nil {
			return os.NewSyscallError("inotify_add_watch", err)
		}
		e.path = int32(wd)
		w.byPath[e.path] = e
	}
	if e.socket.kind == (kind{}) {
		return nil // a fifo, which nobody can shut down
	}
	ev := unix.EpollEvent{Events: unix.EPOLLET | unix.EPOLLRDHUP, Fd: id}
	return w.control(func(epoll int) error {
		return os.NewSyscallError("epoll_ctl", unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, e.d.fd, &ev))
	})
}

func (w *watcher) remove(s *Socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(s)
}

func (w *watcher) forget(s *Socket) {
	id, ok := w.ids[s]
	if !ok {
		return
	}
	e := w.byID[id]
	delete(w.ids, s)
	delete(w.byID, id)
	_ = w.control(func(epoll int) error { return unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, e.d.fd, nil) })
	if e.path >= 0 {
		delete(w.byPath, e.path)
		_, _ = unix.InotifyRmWatch(w.inotify, uint32(e.path))
	}
	e.d.leave()
}

func (w *watcher) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return os.ErrClosed
	}
	w.closed = true
	for s := range w.ids {
		w.forget(s)
	}
	w.mu.Unlock()
	close(w.stop)
	err := w.epoll.Close()
	<-w.done
	_ = unix.Close(w.inotify)
	return err
}

// run ends when the epoll descriptor is closed.
func (w *watcher) run() {
	defer close(w.done)
	defer close(w.out)
	buf := make([]unix.EpollEvent, 64)
	for {
		n := 0
		err := w.raw.Read(func(fd uintptr) bool {
			n, _ = unix.EpollWait(int(fd), buf, 0)
			return n > 0
		})
		if err != nil {
			return
		}
		for _, ev := range buf[:n] {
			if !w.emit(w.translate(ev)) {
				return
			}
		}
	}
}

// emit says whether to go on.
func (w *watcher) emit(list []WatchEvent) bool {
	for _, e := range list {
		select {
		case w.out <- e:
		case <-w.stop:
			return false
		}
	}
	return true
}

func (w *watcher) translate(ev unix.EpollEvent) []WatchEvent {
	if ev.Fd == inotifyID {
		return w.vanished()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.byID[ev.Fd]
	if !ok || ev.Events&(unix.EPOLLHUP|unix.EPOLLRDHUP) == 0 {
		return nil
	}
	return []WatchEvent{{e.socket, Shutdown}}
}

// vanished reads inotify until it is empty, as edge-triggering demands, and looks which of the paths named are really
// no longer ours: a change of mode is IN_ATTRIB too.
func (w *watcher) vanished() []WatchEvent {
	var list []WatchEvent
	seen := map[int32]bool{}
	buf := make([]byte, 1<<12)
	for {
		n, err := unix.Read(w.inotify, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return list
		}
		for _, wd := range parseInotify(buf[:n]) {
			list = append(list, w.gone(wd, seen)...)
		}
	}
}

// gone looks at one path, or at all when the kernel's queue overflowed (watch descriptor -1).
func (w *watcher) gone(wd int32, seen map[int32]bool) []WatchEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []WatchEvent
	for id, e := range w.byPath {
		if (wd == id || wd == -1) && !seen[id] && !e.file.ours(e.file.path) {
			seen[id] = true
			list = append(list, WatchEvent{e.socket, PathGone})
		}
	}
	return list
}

// parseInotify gives the watch descriptors of a read: wd, mask, cookie, length of the name, name.
func parseInotify(b []byte) []int32 {
	var list []int32
	for len(b) >= unix.SizeofInotifyEvent {
		length := binary.NativeEndian.Uint32(b[12:])
		if int64(length) > int64(len(b)-unix.SizeofInotifyEvent) {
			return list
		}
		list = append(list, int32(binary.NativeEndian.Uint32(b)))
		b = b[unix.SizeofInotifyEvent+int(length):]
	}
	return list
}
