package proctree

import (
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// maxDepth bounds the way up to an ancestor.
const maxDepth = 1 << 12

// Of describes the tree of a process that is still there. Start is its FILETIME.
func Of(root int) Tree { return Tree{Root: root, Start: startOf(root)} }

// startOf is when a process was started, in units of 100 ns since 1601; 0 = not known.
func startOf(pid int) uint64 {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return 0
	}
	defer windows.CloseHandle(h)
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return uint64(created.HighDateTime)<<32 | uint64(created.LowDateTime)
}

// Contains tells whether pid belongs to t now.
func (t Tree) Contains(pid int) bool {
	if t.Job != "" {
		return slices.Contains(jobMembers(t.Job), pid)
	}
	return Look().contains(t, pid)
}

// Snapshot is which process has which parent.
type Snapshot struct {
	parents func() map[int]int
}

// Look takes a snapshot, once somebody asks for a tree that has no job.
func Look() *Snapshot { return &Snapshot{parents: sync.OnceValue(parents)} }

// parents asks for all processes of the machine (CreateToolhelp32Snapshot); nil when that fails.
func parents() map[int]int {
	shot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil
	}
	defer windows.CloseHandle(shot)
	entry := windows.ProcessEntry32{}
	entry.Size = uint32(unsafe.Sizeof(entry))
	all := map[int]int{}
	for err = windows.Process32First(shot, &entry); err == nil; err = windows.Process32Next(shot, &entry) {
		all[int(entry.ProcessID)] = int(entry.ParentProcessID)
	}
	return all
}

// Members are the processes of the snapshot that belong to t. Those in a job are asked for anew.
func (s *Snapshot) Members(t Tree) []int {
	if t.Job != "" {
		return jobMembers(t.Job)
	}
	var list []int
	for pid := range s.parents() {
		if s.contains(t, pid) {
			list = append(list, pid)
		}
	}
	return list
}

// contains goes up from pid to the root. The parent that Windows tells may be gone and its number
// another's: one that is younger than its child is a stranger.
func (s *Snapshot) contains(t Tree, pid int) bool {
	for range maxDepth {
		parent, known := s.parents()[pid]
		if !known {
			return false
		}
		if pid == t.Root {
			return t.Start == 0 || startOf(pid) == t.Start
		}
		if parent == 0 || parent == pid || startOf(parent) > startOf(pid) {
			return false
		}
		pid = parent
	}
	return false
}

// Stopped is false: nothing stops a process on Windows as SIGSTOP does.
func Stopped(int) bool { return false }

// Parent is the pid of the process that started pid, which may be gone since; 0 = not known.
func Parent(pid int) int { return parents()[pid] }
