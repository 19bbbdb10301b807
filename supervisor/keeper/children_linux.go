package keeper

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// children lists all children, dead or alive. One may be missing if another ends
// meanwhile (proc_pid_task_tid_children(5)): but then SIGCHLD is on its way.
func children() (pids []int) {
	const tasks = "/proc/self/task/"
	threads, _ := os.ReadDir(tasks)
	if _, err := os.Lstat(tasks + strconv.Itoa(os.Getpid()) + "/children"); err != nil { // the kernel is built without them
		return childrenByStat()
	}
	for _, thread := range threads {
		b, _ := os.ReadFile(tasks + thread.Name() + "/children") // one that has ended has none
		for field := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// childrenByStat looks at every process for the one that is its parent.
func childrenByStat() (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, _ := os.ReadFile(path)
		// pid (name) state parent: the name may contain anything
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killAll ends every process that descends from us, within killTimeout: orphans
// become our children, so there is nothing but children at last.
func (s *server) killAll() {
	deadline := time.NewTimer(killTimeout)
	defer deadline.Stop()
	for {
		left := children()
		for _, pid := range left {
			_ = syscall.Kill(pid, unix.SIGKILL)
		}
		reaped := 0
		for _, pid := range left {
			if got, _ := syscall.Wait4(pid, nil, unix.WNOHANG|unix.WALL, nil); got > 0 {
				reaped++
			}
		}
		if len(left) == 0 {
			return
		}
		if reaped > 0 {
			continue // their children are ours now
		}
		select {
		case <-s.children:
		case <-deadline.C:
			<-say(strconv.Itoa(len(left)) + " processes do not end (hanging in the kernel?)")
			return
		}
	}
}
