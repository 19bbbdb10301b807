package adopt

import (
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// pageSize is the size of the shared memory, whatever the machine's pages are.
const pageSize = 4096

// maxWatches is how many epoll registrations fit into the page.
const maxWatches = 128

// page is what outlives the one who serves. The kernel writes the question into it itself: a question that was taken out is here or, if
// writing was impossible, back in its queue (seccomp_notify_recv in the kernel). Its fields are written in the order in which they are
// to be believed: watches, then their count. cookies are SO_COOKIE of socket(7).
type page struct {
	notice  notice
	watched uint64 // the question for which watches were noted; another one's are stale
	count   uint64 // of watches
	watches [maxWatches]watch
	own     uint64 // how many of cookies were ever written
	cookies [maxOwn]uint64
}

// maxOwn is how many of the program's own sockets the page remembers, the latest.
const maxOwn = 64

// watch is an epoll registration of the socket that is to be replaced.
type watch struct {
	epoll  int32 // number in the program
	events uint32
	data   uint64
}

func newPage() (*fdpass.Descriptor, error) {
	f, err := fdpass.NewMemory("supervise-adopt")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(pageSize); err != nil {
		return nil, err
	}
	return fdpass.FromFile(f)
}

// mapPage gives the page and what ends its use.
func mapPage(d *fdpass.Descriptor) (p *page, unmap func(), err error) {
	var memory []byte
	err = d.Use(func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Size < pageSize {
			return fmt.Errorf("it is no page of %d bytes", pageSize)
		}
		memory, err = unix.Mmap(fd, 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		return os.NewSyscallError("mmap", err)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("cannot use the memory of the filter: %w", err)
	}
	return (*page)(unsafe.Pointer(&memory[0])), func() { _ = unix.Munmap(memory) }, nil
}

// clear forgets the question: the kernel insists on zeros for the next one. The id goes first, because it says that there is one.
func (p *page) clear() {
	p.notice.id = 0
	p.notice = notice{}
}

// remember notes a socket as the program's own.
func (p *page) remember(cookie uint64) {
	if p.isOwn(cookie) {
		return
	}
	p.cookies[p.own%maxOwn] = cookie
	p.own++
}

// isOwn is whether the socket was adopted as the program's own.
func (p *page) isOwn(cookie uint64) bool {
	return slices.Contains(p.cookies[:], cookie)
}
