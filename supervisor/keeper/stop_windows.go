package keeper

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// stopVariable tells a worker the name of its stop event.
const stopVariable = "STOP_EVENT"

// procQueryObject asks for facts that are the same for all kinds of handles.
var procQueryObject = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtQueryObject")

// stop is the event by which a worker is asked to end. It stays set: one that comes to wait for it later sees it, too.
type stop struct {
	handle windows.Handle
	name   string
	heard  bool // somebody had it open when it was set
}

func newStop() (*stop, error) {
	s := &stop{name: unique("")}
	name, err := windows.UTF16PtrFromString(s.name)
	if err != nil {
		return nil, err
	}
	const manualReset, notSet = 1, 0
	if s.handle, err = windows.CreateEvent(nil, manualReset, notSet, name); err != nil {
		if s.handle != 0 { // ERROR_ALREADY_EXISTS: somebody else's
			s.close()
		}
		return nil, err
	}
	return s, nil
}

// set asks. heard is whether anybody has the event open, and so listens: that is looked at before, since who hears may close it at once,
// and has heard from then on.
func (s *stop) set() (heard bool, err error) {
	listens := s.users() > 1
	if err = windows.SetEvent(s.handle); err == nil && listens {
		s.heard = true
	}
	return s.heard, err
}

// basicInformation is PUBLIC_OBJECT_BASIC_INFORMATION.
type basicInformation struct {
	Attributes    uint32
	GrantedAccess uint32
	HandleCount   uint32
	PointerCount  uint32
	_             [10]uint32
}

// users is how many handles of the event there are, in all processes; 0 = not known.
func (s *stop) users() uint32 {
	const objectBasicInformation = 0
	var info basicInformation
	status, _, _ := procQueryObject.Call(uintptr(s.handle), objectBasicInformation, uintptr(unsafe.Pointer(&info)), unsafe.Sizeof(info), 0)
	if status != 0 {
		return 0
	}
	return info.HandleCount
}

func (s *stop) close() { _ = windows.CloseHandle(s.handle) }
