package chaos

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// process is one line of /proc.
type process struct {
	pid, parent int
	zombie      bool
	command     string // its arguments
}

// processes gives all there are. Some may be gone by now.
func processes() (list []process) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state parent: the name may contain anything
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, _ := strconv.Atoi(fields[1])
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		list = append(list, process{pid, parent, fields[0] == "Z" || fields[0] == "X", strings.TrimSpace(string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))})
	}
	return list
}

// descendants are the living processes under pid.
func descendants(pid int) map[int]process {
	all := processes()
	found := map[int]process{}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			_, known := found[p.pid]
			_, child := found[p.parent]
			if !known && (child || p.parent == pid) {
				found[p.pid] = p
				grown = true
			}
		}
	}
	maps.DeleteFunc(found, func(_ int, p process) bool { return p.zombie })
	return found
}

// marked are the living processes with an entry in their environment.
func marked(t testing.TB, entry string) map[int]string {
	t.Helper()
	found := map[int]string{}
	for _, p := range processes() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
		if !p.zombie && slices.Contains(strings.Split(string(b), "\x00"), entry) {
			found[p.pid] = p.command
		}
	}
	return found
}

func killAll(list map[int]string) {
	for pid := range list {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// isManager is whether p is a manager, of an upgrade or in charge.
func isManager(p process) bool { return strings.HasPrefix(p.command, "supervise manager") }

// manager is the pid of the manager, 0 when there is none just now.
func (s *site) manager() int {
	for _, p := range processes() {
		if p.parent == s.keeper() && isManager(p) && !p.zombie {
			return p.pid
		}
	}
	return 0
}

// handle refers to a process, whatever becomes of its pid.
type handle struct{ fd int }

func openProcess(t testing.TB, pid int) handle {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return handle{fd}
}

func (h handle) signal(sig syscall.Signal) error { return unix.PidfdSendSignal(h.fd, sig, nil, 0) }

// gone waits until the process has ended.
func (h handle) gone(t testing.TB) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(h.fd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
		switch {
		case err == unix.EINTR:
		case err != nil || n == 0:
			t.Fatalf("a killed process does not end: %v", err)
		default:
			return
		}
	}
}

// descriptors counts what is open in a process, by kind. Accepted connections are left out: one of those who ask how things are is
// often just being closed.
func descriptors(pid int) map[string]int {
	kinds := map[string]int{}
	accepted := acceptedConnections()
	for _, target := range opened(pid) {
		if accepted[target] {
			continue
		}
		kind, _, _ := strings.Cut(strings.TrimSuffix(target, " (deleted)"), ":[") // socket:[123], pipe:[124]
		if memory, named := strings.CutPrefix(kind, "/memfd:"); named {
			what, _, _ := strings.Cut(memory, "/") // worker/app/1/0/1
			kind = "memory " + what
		}
		kinds[kind]++
	}
	return kinds
}

// opened lists what the descriptors of a process are.
func opened(pid int) (list []string) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil { // else it was closed meanwhile
			list = append(list, target)
		}
	}
	return list
}

// unixSockets gives the lines of /proc/net/unix by "socket:[INODE]".
func unixSockets() map[string]string {
	lines := map[string]string{}
	text, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(text)) {
		// Num RefCount Protocol Flags Type St Inode Path
		if fields := strings.Fields(line); len(fields) >= 7 {
			lines["socket:["+fields[6]+"]"] = strings.TrimSpace(line)
		}
	}
	return lines
}

// acceptedConnections are the stream sockets with the path of a listener that are none themselves (__SO_ACCEPTCON).
func acceptedConnections() map[string]bool {
	found := map[string]bool{}
	for name, line := range unixSockets() {
		fields := strings.Fields(line)
		found[name] = len(fields) > 7 && fields[4] == "0001" && fields[3] != "00010000"
	}
	return found
}

// sockets describes the unix sockets that a process has open, for people.
func sockets(pid int) string {
	var list []string
	lines := unixSockets()
	for _, target := range opened(pid) {
		if line := lines[target]; line != "" {
			list = append(list, line)
		}
	}
	return strings.Join(list, "\n")
}
