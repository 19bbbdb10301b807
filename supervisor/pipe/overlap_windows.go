package pipe

import "golang.org/x/sys/windows"

// overlap is an operation of the kernel that goes on while we wait for others. It must be ended before it is begun again, and lives on
// the heap: the kernel writes into it.
type overlap struct {
	o       windows.Overlapped
	event   windows.Handle
	pending bool // GetOverlappedResult has the result
	n       uint32
	err     error // when it is not pending
}

// newOverlap makes an event that stays set, as the kernel wants it (OVERLAPPED). Its low bit keeps what is told by it out of a completion port
// (GetQueuedCompletionStatus).
func newOverlap() (*overlap, error) {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return nil, err
	}
	return &overlap{event: event}, nil
}

// begin has start begin the operation. When it is over, now or later, the event is set.
func (v *overlap) begin(start func(o *windows.Overlapped, n *uint32) error) {
	v.o = windows.Overlapped{HEvent: v.event | 1}
	v.n = 0
	_ = windows.ResetEvent(v.event)
	v.err = start(&v.o, &v.n)
	// Of half a message ReadFile does not say how long it is.
	v.pending = v.err == windows.ERROR_IO_PENDING || v.err == windows.ERROR_MORE_DATA
	if v.err != windows.ERROR_IO_PENDING {
		_ = windows.SetEvent(v.event)
	}
}

// end waits for the operation, and with cancel calls it off first: what it had done by then counts all the same.
func (v *overlap) end(h windows.Handle, cancel bool) (uint32, error) {
	if v.pending {
		if cancel {
			_ = windows.CancelIoEx(h, &v.o)
		}
		v.err = windows.GetOverlappedResult(h, &v.o, &v.n, true)
		v.pending = false
	}
	return v.n, v.err
}

func (v *overlap) close() { _ = windows.CloseHandle(v.event) }
