package proctree

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// AwaitEnd blocks until the process is gone, also one that is no child. It occupies a thread.
func AwaitEnd(pid int) error {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err == windows.ERROR_INVALID_PARAMETER { // there is none of that number
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot wait for process %d: %w", pid, err)
	}
	defer windows.CloseHandle(h)
	if _, err := windows.WaitForSingleObject(h, windows.INFINITE); err != nil {
		return fmt.Errorf("cannot wait for process %d: %w", pid, err)
	}
	return nil
}
