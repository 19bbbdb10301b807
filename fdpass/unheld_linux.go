package fdpass

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func unheld(pids []int, sockets []*Descriptor) []int {
	open := map[string]bool{}
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil
		}
		for _, e := range entries {
			if link, err := os.Readlink(dir + "/" + e.Name()); err == nil {
				open[link] = true
			}
		}
	}
	if len(open) == 0 {
		return nil // they have ended: a process lets go of everything at once, before anybody hears of its end
	}
	var list []int
	for i, d := range sockets {
		if name := linkOf(d); name != "" && !open[name] {
			list = append(list, i)
		}
	}
	return list
}

// linkOf is what a socket is called in /proc/PID/fd, proc(5); "" for what is none.
func linkOf(d *Descriptor) (link string) {
	_ = d.Use(func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK {
			link = fmt.Sprintf("socket:[%d]", st.Ino)
		}
		return nil
	})
	return link
}
