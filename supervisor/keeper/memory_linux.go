package keeper

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// quiet is how long after its manager was ready a keeper has nothing more to do.
const quiet = time.Second

// giveBack returns the memory that was needed for the start: the heap's, and the
// pages of this program's file, which come back by themselves when they are
// touched. The initialisation of packages that only a manager needs touches most.
func giveBack() {
	debug.FreeOSMemory()
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range cleanMappings(own) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// cleanMappings are those of the file that cannot be written and of which no page
// was (Anonymous in proc_pid_smaps(5)): a page that differs from the file, as
// relocation makes them, would be lost.
func cleanMappings(path string) (list []mapping) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer f.Close()
	var current mapping
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m, ok := parseMapping(lines.Text(), path); ok {
			current = m
		}
		if strings.HasPrefix(lines.Text(), "Anonymous:") {
			if strings.HasSuffix(lines.Text(), " 0 kB") && current.end > 0 {
				list = append(list, current)
			}
			current = mapping{}
		}
	}
	return list
}

// parseMapping reads the head of an entry: "00400000-0087b000 r-xp 00000000 fe:00 1234   /usr/bin/supervise".
func parseMapping(line, path string) (mapping, bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || !strings.HasSuffix(line, " "+path) || strings.Contains(fields[1], "w") {
		return mapping{}, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	start, err1 := strconv.ParseUint(from, 16, 8*int(unsafe.Sizeof(uintptr(0))))
	end, err2 := strconv.ParseUint(to, 16, 8*int(unsafe.Sizeof(uintptr(0))))
	return mapping{uintptr(start), uintptr(end)}, err1 == nil && err2 == nil && end > start
}
