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

// looksSame compares what can be seen of two descriptors.
func looksSame(a, b int) bool {
	var first, second unix.Stat_t
	if unix.Fstat(a, &first) != nil || unix.Fstat(b, &second) != nil || first.Dev != second.Dev || first.Ino != second.Ino || first.Rdev != second.Rdev {
		return false
	}
	mode, err := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0)
	other, failed := unix.FcntlInt(uintptr(b), unix.F_GETFL, 0)
	return err == nil && failed == nil && mode == other
}
