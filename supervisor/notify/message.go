package notify

import (
	"io"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// MaxMessage is the length of the longest datagram taken, in bytes. It is systemd's limit.
const MaxMessage = 4096

// Message is what one datagram says, in the words of sd_notify(3). Zero fields were not in it.
type Message struct {
	// Set by Peek from SCM_CREDENTIALS.
	PID int // of the sender, in our PID namespace; 0: it lives in one that we cannot see
	UID int // real user of the sender, in our user namespace; -1 on Windows, which has no numbers for users

	// The state of the worker.
	Ready     bool          // READY=1
	Reloading bool          // RELOADING=1
	Stopping  bool          // STOPPING=1
	Monotonic time.Duration // MONOTONIC_USEC: CLOCK_MONOTONIC when the reload began

	// What it tells people. Both are made printable: control characters and invalid UTF-8 became U+FFFD.
	Status   string // STATUS
	BusError string // BUSERROR

	Errno      int  // ERRNO, 1..4095; 0: none
	ExitStatus *int // EXIT_STATUS, 0..255
	MainPID    int  // MAINPID: the process to follow from now on; 0: not in the message

	// Watchdog and time limits.
	Watchdog         bool          // WATCHDOG=1: alive
	WatchdogTrigger  bool          // WATCHDOG=trigger: treat me as hung
	WatchdogInterval time.Duration // WATCHDOG_USEC: the new interval
	WatchdogOff      bool          // WATCHDOG_USEC=0 or infinite: no watchdog any more
	ExtendTimeout    time.Duration // EXTEND_TIMEOUT_USEC: this long from now

	// Barrier is the descriptor of a BARRIER=1 message. The caller owns it and closes it once every earlier message is
	// dealt with: the sender waits for that. Closing it twice does nothing.
	Barrier io.Closer

	// Store are the descriptors of a message with FDSTORE=1, which the caller owns: to be kept for workers that come later. Those of
	// StoreName are to be let go of with StoreRemove.
	Store         []*fdpass.Descriptor
	StoreName     string // FDNAME; "" when it was not given
	StoreUnpolled bool   // FDPOLL=0: kept also when the other side hangs up
	StoreRemove   bool   // FDSTOREREMOVE=1

	Other   []string // KEY=VALUE lines that mean nothing to us (X_...), as sent
	Dropped int      // descriptors that came along and were closed

	wantsBarrier, wantsStore bool
}

// Close closes what came along and nobody has taken.
func (m Message) Close() {
	if m.Barrier != nil {
		_ = m.Barrier.Close()
	}
	for _, d := range m.Store {
		d.CloseForeign()
	}
}

// RefusedError is a datagram that was thrown away. Only this one: the socket goes on.
type RefusedError struct {
	PID, UID int // of the sender; -1 if the kernel did not say
	Cause    error
}

// Error says what was wrong with the message.
func (e *RefusedError) Error() string { return "cannot take notification: " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }
