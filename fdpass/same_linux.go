package fdpass

import (
	"os"

	"golang.org/x/sys/unix"
)

// kcmpFile compares two descriptors, KCMP_FILE of kcmp(2).
const kcmpFile = 0

func sameDescription(a, b *Descriptor) bool {
	same := false
	_ = a.Use(func(first int) error {
		return b.Use(func(second int) error {
			self := uintptr(os.Getpid())
			order, _, errno := unix.RawSyscall6(unix.SYS_KCMP, self, self, kcmpFile, uintptr(first), uintptr(second), 0)
			same = errno == 0 && order == 0
			if errno != 0 { // built without it, or forbidden by a filter
				same = looksSame(first, second)
			}
			return nil
		})
	})
	return same
}

// looksSame compares what can be seen of two descriptors. A socket has one description, a pipe one for each end, and memory without a
// path mostly one. Other things that look alike are often different ones: all eventfds have one inode, and so have all openings of a file.
func looksSame(a, b int) bool {
	sameKind := isSocketFD(a) && isSocketFD(b) || isPipeFD(a) && isPipeFD(b) || isMemoryFD(a) && isMemoryFD(b)
	var first, second unix.Stat_t
	if !sameKind || unix.Fstat(a, &first) != nil || unix.Fstat(b, &second) != nil || first.Dev != second.Dev || first.Ino != second.Ino {
		return false
	}
	mode, err := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0)
	other, failed := unix.FcntlInt(uintptr(b), unix.F_GETFL, 0)
	return err == nil && failed == nil && mode == other && (!isMemoryFD(a) || first.Nlink == 0)
}
