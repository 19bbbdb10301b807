package keeper

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

// killPatience is how long Kill waits for the processes to be gone.
const killPatience = 10 * time.Second

// killed is the exit status of what supervise has ended, and aborted of what it has ended because it hangs: the number of the
// signal, with the bits of an error (0xc0000000) and of a customer (0x20000000), which no program chooses by itself.
const (
	killed  = 0xe0000000 + uint32(syscall.SIGKILL)
	aborted = 0xe0000000 + uint32(syscall.SIGABRT)
)

// jobTerminate is JOB_OBJECT_TERMINATE.
const jobTerminate = 0x0008

// killTree ends the job and waits for each process that is in it.
func (c *core) killTree(t proctree.Tree) error {
	job, err := openJob(t.Job)
	if err == windows.ERROR_FILE_NOT_FOUND { // closed, and all that was in it ended
		return nil
	}
	if err != nil {
		return err
	}
	defer windows.CloseHandle(job)
	for deadline := time.Now().Add(killPatience); ; {
		pids, err := c.members(t)
		if err != nil {
			return err
		}
		processes := openAll(pids)
		err = windows.TerminateJobObject(job, killed)
		if err == nil {
			awaitAll(processes, deadline)
		}
		closeAll(processes)
		switch {
		case err != nil || len(pids) == 0:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("processes %v did not end within %v", pids, killPatience)
		case len(processes) == 0: // they are just going
			time.Sleep(time.Millisecond)
		}
	}
}

// openAll opens those that are not gone already.
func openAll(pids []int) (processes []windows.Handle) {
	for _, pid := range pids {
		if h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid)); err == nil {
			processes = append(processes, h)
		}
	}
	return processes
}

// awaitAll waits until all are gone, or the deadline is.
func awaitAll(processes []windows.Handle, deadline time.Time) {
	for _, h := range processes {
		left := max(time.Until(deadline), 0)
		_, _ = windows.WaitForSingleObject(h, uint32(left.Milliseconds()))
	}
}

func closeAll(handles []windows.Handle) {
	for _, h := range handles {
		_ = windows.CloseHandle(h)
	}
}

func openJob(name string) (windows.Handle, error) {
	u, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	h, _, err := procOpenJob.Call(jobTerminate, 0, uintptr(unsafe.Pointer(u)))
	if h == 0 {
		return 0, err
	}
	return windows.Handle(h), nil
}
