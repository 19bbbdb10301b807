package keeper

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// given is what a worker inherits, and nothing else.
type given struct {
	standard [3]windows.Handle // duplicates, inheritable; ours
	others   []windows.Handle  // their owners'; inheritable only while the worker is made
}

// newGiven sorts out the handles of the files. Those for standard streams are duplicated: the worker takes
// them from STARTUPINFO, whatever their value.
func newGiven(files []File, handles []windows.Handle) (*given, error) {
	g := &given{}
	for i, f := range files {
		if f.Number < 0 || f.Number > 2 {
			if !slices.Contains(g.others, handles[i]) { // UpdateProcThreadAttribute takes none twice
				g.others = append(g.others, handles[i])
			}
			continue
		}
		if err := g.take(f.Number, handles[i]); err != nil {
			g.close()
			return nil, err
		}
	}
	if err := g.fill(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// take makes h a standard stream.
func (g *given) take(number int, h windows.Handle) error {
	if g.standard[number] != 0 {
		return fmt.Errorf("%d is given twice", number)
	}
	self := windows.CurrentProcess()
	return windows.DuplicateHandle(self, h, self, &g.standard[number], 0, true, windows.DUPLICATE_SAME_ACCESS)
}

// fill opens NUL for the standard streams that are not given.
func (g *given) fill() error {
	for i := range g.standard {
		if g.standard[i] != 0 {
			continue
		}
		inherited := &windows.SecurityAttributes{InheritHandle: 1}
		inherited.Length = uint32(unsafe.Sizeof(*inherited))
		name, err := windows.UTF16PtrFromString("NUL")
		if err != nil {
			return err
		}
		h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, inherited, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			return err
		}
		g.standard[i] = h
	}
	return nil
}

func (g *given) all() []windows.Handle { return slices.Concat(g.standard[:], g.others) }

func (g *given) startup() *windows.StartupInfoEx {
	s := new(windows.StartupInfoEx)
	s.Cb = uint32(unsafe.Sizeof(*s))
	s.Flags = windows.STARTF_USESTDHANDLES
	s.StdInput, s.StdOutput, s.StdErr = g.standard[0], g.standard[1], g.standard[2]
	return s
}

// inheritable runs f while the others can be inherited, which CreateProcess demands of all in its list. Two spawns
// may give the same socket, so they come one after the other; nobody else inherits it: os/exec, too, names what it gives.
func (g *given) inheritable(f func() error) error {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	var err error
	for _, h := range g.others {
		err = errors.Join(err, windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT))
	}
	if err == nil {
		err = f()
	}
	for _, h := range g.others {
		_ = windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, 0)
	}
	return err
}

func (g *given) close() {
	for _, h := range g.standard {
		if h != 0 {
			_ = windows.CloseHandle(h)
		}
	}
}
