package keeper

import (
	"slices"
	"sync"

	"golang.org/x/sys/windows"
)

// maxWaits is how many processes one thread waits for: WaitForMultipleObjects takes 64 handles (MAXIMUM_WAIT_OBJECTS),
// and one is to wake it.
const maxWaits = 64 - 1

// waits waits for processes, one thread for each 63: a blocking wait would take one for each.
type waits struct {
	mu     sync.Mutex
	groups []*waitGroup // of which each has a goroutine
}

// waitGroup is what one thread waits for.
type waitGroup struct {
	wake windows.Handle // event that resets itself: the list has changed
	list []*awaited     // guarded by waits.mu
}

// awaited is one process that is waited for.
type awaited struct {
	handle  windows.Handle // a duplicate, of the thread
	ended   chan struct{}  // closed by the thread when the process is gone
	dropped chan struct{}  // closed by drop
	group   *waitGroup
}

// wait blocks until the process is gone, or tells that it was dropped.
func (a *awaited) wait() (gone bool) {
	select {
	case <-a.ended:
		return true
	case <-a.dropped:
		return false
	}
}

// add begins to wait for a process; the caller still owns the handle.
func (w *waits) add(process windows.Handle) (*awaited, error) {
	a := &awaited{ended: make(chan struct{}), dropped: make(chan struct{})}
	self := windows.CurrentProcess()
	if err := windows.DuplicateHandle(self, process, self, &a.handle, windows.SYNCHRONIZE, false, 0); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	g, err := w.room()
	if err != nil {
		_ = windows.CloseHandle(a.handle)
		return nil, err
	}
	a.group = g
	g.list = append(g.list, a)
	_ = windows.SetEvent(g.wake)
	return a, nil
}

// room finds a group that is not full, or makes one.
func (w *waits) room() (*waitGroup, error) {
	for _, g := range w.groups {
		if len(g.list) < maxWaits {
			return g, nil
		}
	}
	wake, err := windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		return nil, err
	}
	g := &waitGroup{wake: wake}
	w.groups = append(w.groups, g)
	go w.run(g)
	return g, nil
}

// drop ends the wait for a; once only.
func (w *waits) drop(a *awaited) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(a.dropped)
	if slices.Contains(a.group.list, a) { // else the group may be given up
		_ = windows.SetEvent(a.group.wake)
	}
}

// run is the goroutine of g. It ends with the last process.
func (w *waits) run(g *waitGroup) {
	for {
		handles, list := w.sweep(g)
		if len(list) == 0 {
			return
		}
		event, err := windows.WaitForMultipleObjects(handles, false, windows.INFINITE)
		if i := int(event - windows.WAIT_OBJECT_0); err == nil && i > 0 && i <= len(list) {
			close(list[i-1].ended)
		}
	}
}

// sweep lets go of what has ended or was dropped, and gives what is left, behind the handle that wakes. A group in
// which nothing is left is given up.
func (w *waits) sweep(g *waitGroup) ([]windows.Handle, []*awaited) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g.list = slices.DeleteFunc(g.list, (*awaited).over)
	handles := []windows.Handle{g.wake}
	for _, a := range g.list {
		handles = append(handles, a.handle)
	}
	if len(g.list) == 0 {
		w.groups = slices.DeleteFunc(w.groups, func(other *waitGroup) bool { return other == g })
		_ = windows.CloseHandle(g.wake)
	}
	return handles, slices.Clone(g.list)
}

// over closes the handle of what need not be waited for any more.
func (a *awaited) over() bool {
	select {
	case <-a.ended:
	case <-a.dropped:
	default:
		return false
	}
	_ = windows.CloseHandle(a.handle)
	return true
}
