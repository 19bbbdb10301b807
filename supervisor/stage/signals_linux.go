package stage

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// numSignals is _NSIG of the kernel: 64 signals on every architecture Go runs on, but MIPS.
const numSignals = 64

// resetSignals gives the worker default dispositions and an empty mask. execve
// resets handlers but keeps what is ignored and what is blocked (signal(7)), so
// supervise started by nohup, or by a shell that blocks signals, would pass that on.
func (c *child) resetSignals() error {
	// All zero is SIG_DFL, no flags and an empty mask in every layout of the
	// kernel's struct sigaction; os/signal has no way to say SIG_DFL.
	var action [64]byte
	for sig := 1; sig <= numSignals; sig++ {
		if sig == int(unix.SIGKILL) || sig == int(unix.SIGSTOP) {
			continue
		}
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, numSignals/8, 0, 0)
		if errno != 0 {
			return &Failure{Op: "reset signal", Object: unix.SignalName(unix.Signal(sig)), Cause: errno.Error()}
		}
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil); err != nil {
		return &Failure{Op: "unblock signals", Cause: err.Error()}
	}
	return nil
}
