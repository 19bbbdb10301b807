package keeper

import (
	"bufio"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// value is that of a handle, which a worker is told.
func value(d *fdpass.Descriptor) (v int) {
	_ = d.Use(func(fd int) error {
		v = fd
		return nil
	})
	return v
}

func reader(f *os.File) *bufio.Reader { return bufio.NewReader(f) }

// inheritable does what nobody should.
func inheritable(d *fdpass.Descriptor) error {
	return windows.SetHandleInformation(windows.Handle(value(d)), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT)
}

var kernel32Test = struct{ information, handles *windows.LazyProc }{
	kernel32.NewProc("GetHandleInformation"), kernel32.NewProc("GetProcessHandleCount"),
}

// inherits is what GetHandleInformation says.
func inherits(t testing.TB, d *fdpass.Descriptor) bool {
	t.Helper()
	var flags uint32
	if ok, _, err := kernel32Test.information.Call(uintptr(value(d)), uintptr(unsafe.Pointer(&flags))); ok == 0 {
		t.Fatal(err)
	}
	return flags&windows.HANDLE_FLAG_INHERIT != 0
}

// openHandles counts what this process has open.
func openHandles(t testing.TB) int {
	t.Helper()
	var n uint32
	if ok, _, err := kernel32Test.handles.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n))); ok == 0 {
		t.Fatal(err)
	}
	return int(n)
}

// threads counts those of this process.
func threads(t testing.TB) (n int) {
	t.Helper()
	shot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(shot)
	entry := windows.ThreadEntry32{}
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = windows.Thread32First(shot, &entry); err == nil; err = windows.Thread32Next(shot, &entry) {
		if int(entry.OwnerProcessID) == os.Getpid() {
			n++
		}
	}
	return n
}

// duplicate gives a handle of what f is.
func duplicate(f *os.File) (*fdpass.Descriptor, error) {
	self := windows.CurrentProcess()
	var h windows.Handle
	err := windows.DuplicateHandle(self, windows.Handle(f.Fd()), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return fdpass.NewDescriptor(int(h)), err
}
