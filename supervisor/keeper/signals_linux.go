package keeper

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// sameSignal is how close two of the same signal to stop are one: timeout(1) sends its
	// signal to the process and to its group.
	sameSignal = 100 * time.Millisecond
	// enough is the signal to stop by which the keeper takes it into its own hands:
	// the first stops gracefully, the second at once, both through the manager.
	// While there is none between two, the second is enough, and the first without
	// workers.
	enough = 3
	// maxPending bounds the signals that wait for a manager.
	maxPending = 64
)

// forwarded are the signals that are the manager's to act on.
func forwarded() []os.Signal {
	return []os.Signal{unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTERM, unix.SIGINT}
}

func isStop(sig syscall.Signal) bool { return sig == unix.SIGTERM || sig == unix.SIGINT }

func (s *server) signal(sig syscall.Signal) {
	if sig == unix.SIGQUIT { // Ctrl-\: whoever wants to see what hangs means the manager, which is started again
		if s.current != nil {
			_ = s.current.process.signal(sig)
		}
		return
	}
	s.take(sig)
	s.forward()
}

// take counts a signal to stop and remembers all for the manager.
func (s *server) take(sig syscall.Signal) {
	if isStop(sig) {
		now := time.Now()
		if sig == s.lastSignal && now.Sub(s.lastStop) < sameSignal {
			return
		}
		s.lastStop, s.lastSignal = now, sig
		s.stopping++
		switch {
		case s.stopping >= enough, s.current == nil && (s.stopping > 1 || len(s.workers) == 0):
			s.said = say("killing what still runs")
			s.end(1)
			return
		case s.current == nil: // workers are to finish what they have: for that it takes a manager, now
			s.restart(0)
		}
	}
	if isStop(sig) || len(s.pending) < maxPending {
		s.pending = append(s.pending, sig)
	}
}

// forward gives the manager a signal if it asks for one.
func (s *server) forward() {
	if s.current != nil && len(s.pending) > 0 && s.deliver(s.current, "signals", reply{Signal: int(s.pending[0])}) {
		s.pending = s.pending[1:]
	}
}

func (s *server) wantSignal(i *inquiry) (*answer, error) {
	a, err := i.later()
	s.forward()
	return a, err
}

// settle sees to it that m, which was told of some signals to stop at its start,
// hears of exactly those that came after that.
func (s *server) settle(m *manager) {
	s.pending = slices.DeleteFunc(s.pending, isStop)
	for range s.stopping - m.told {
		s.pending = append(s.pending, unix.SIGTERM)
	}
	m.told = s.stopping
}

// listen lets signals come. The mask is for the children, which are all forked by
// this thread.
func (s *server) listen() {
	signal.Notify(s.signals, append(forwarded(), unix.SIGQUIT)...)
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil)
}

// stopListening takes in what has come, and sees to it that nothing which comes
// while the program is replaced ends the process. SIGUSR1 and SIGUSR2 wait for the
// new program: they are blocked in this thread, in the runtime's own for signals
// (Stop), and since Become in all others. Blocking does not help with the three that
// kill: Go's runtime unblocks them when it starts. So they are ignored, and are lost
// if they come in these few milliseconds; SIGTERM still ends the new program between
// the start of its runtime and listen, because the runtime handles it even if it
// was ignored. restore undoes it.
func (s *server) stopListening() (restore func()) {
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, forwardedSet(), nil)
	before := make(map[syscall.Signal]*action)
	for _, sig := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM} {
		before[sig] = new(action)
		setAction(sig, &action{sigIgnore}, before[sig])
	}
	signal.Stop(s.signals)
	for more := true; more; {
		select {
		case sig := <-s.signals:
			s.take(sig.(syscall.Signal))
		default:
			more = false
		}
	}
	return func() {
		for sig, a := range before {
			setAction(sig, a, nil)
		}
	}
}

// action has room for the kernel's struct sigaction, which begins with the handler
// (but on MIPS). os/signal can ignore a signal, but loses what it has just received.
type action [8]uintptr

const sigIgnore = 1 // SIG_IGN

func setAction(sig syscall.Signal, a, before *action) {
	const numSignals = 64
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(before)), numSignals/8, 0, 0)
}

func forwardedSet() *unix.Sigset_t {
	set := new(unix.Sigset_t)
	const bits = strconv.IntSize
	for _, sig := range forwarded() {
		n := int(sig.(syscall.Signal)) - 1
		set.Val[n/bits] |= 1 << (n % bits)
	}
	return set
}

// Become replaces this process by a new keeper: the same arguments, the program's
// own memory fresh. It returns only with an error. Call it before anything that
// must not be lost has begun; program is an absolute path.
func Become(program string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := new(unix.Sigset_t)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, forwardedSet(), before); err != nil {
		return err
	}
	err := syscall.Exec(program, os.Args, append(withoutVariable(os.Environ()), Variable+"=0"))
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, before, nil)
	return fmt.Errorf("cannot run %q: %w", program, err)
}
