package diag

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLink is longer than "socket:[4294967295]". A longer link is of something else.
const maxLink = 32

func held(pid int) ([]uint64, error) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var inodes []uint64
	for buf := make([]byte, maxLink); ; {
		names, err := dir.Readdirnames(512)
		for _, name := range names {
			n, err := unix.Readlinkat(int(dir.Fd()), name, buf)
			if err == unix.ENOENT {
				continue // it has been closed meanwhile
			}
			if err != nil { // with CAP_DAC_OVERRIDE alone the names can be read, and not what they are of
				return nil, err
			}
			if inode, ok := socketInode(string(buf[:n])); ok {
				inodes = append(inodes, inode)
			}
		}
		if err == io.EOF {
			return inodes, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// socketInode reads what a socket's link in /proc/PID/fd says, proc(5).
func socketInode(link string) (uint64, bool) {
	text, isSocket := strings.CutPrefix(link, "socket:[")
	text, whole := strings.CutSuffix(text, "]")
	inode, err := strconv.ParseUint(text, 10, 64)
	return inode, isSocket && whole && err == nil
}
