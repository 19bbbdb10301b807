package proctree

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// jobQuery is the right to ask a job what is in it (JOB_OBJECT_QUERY).
const jobQuery = 0x0004

// What x/sys lacks, or declares with a uintptr for a pointer, which Go may not follow when it moves a stack.
var (
	kernel32     = windows.NewLazySystemDLL("kernel32.dll")
	procOpenJob  = kernel32.NewProc("OpenJobObjectW")
	procQueryJob = kernel32.NewProc("QueryInformationJobObject")
)

// processList is JOBOBJECT_BASIC_PROCESS_ID_LIST with room for some more.
type processList struct {
	Assigned uint32
	InList   uint32
	IDs      [1 << 12]uintptr
}

// jobMembers are the living processes in the job called name; none when it is gone.
func jobMembers(name string) []int {
	u, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil
	}
	h, _, _ := procOpenJob.Call(jobQuery, 0, uintptr(unsafe.Pointer(u)))
	if h == 0 {
		return nil
	}
	defer windows.CloseHandle(windows.Handle(h))
	list := new(processList)
	// ERROR_MORE_DATA leaves the list filled as far as there is room; who ends what is in it asks again.
	ok, _, err := procQueryJob.Call(h, windows.JobObjectBasicProcessIdList, uintptr(unsafe.Pointer(list)), unsafe.Sizeof(*list), 0)
	if ok == 0 && err != windows.ERROR_MORE_DATA {
		return nil
	}
	var pids []int
	for _, id := range list.IDs[:min(int(list.InList), len(list.IDs))] {
		pids = append(pids, int(id))
	}
	return pids
}
