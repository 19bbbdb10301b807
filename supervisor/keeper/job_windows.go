package keeper

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What x/sys lacks, or declares with a uintptr for a pointer, which Go may not follow when it moves a stack.
var (
	kernel32    = windows.NewLazySystemDLL("kernel32.dll")
	procOpenJob = kernel32.NewProc("OpenJobObjectW")
	procSetJob  = kernel32.NewProc("SetInformationJobObject")
)

// job is the job object of one worker: its process and all descendants. They end when the handle is closed, by us or
// by the kernel after our death (JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE).
type job struct {
	handle windows.Handle
	name   string // by which others find out what is in it
}

// newJob makes an empty job with the limits.
func newJob(l Limits) (*job, error) {
	j := &job{name: unique("job-")}
	name, err := windows.UTF16PtrFromString(j.name)
	if err != nil {
		return nil, err
	}
	if j.handle, err = windows.CreateJobObject(nil, name); err != nil {
		return nil, fmt.Errorf("cannot make the job of a worker: %w", err)
	}
	if err := j.limit(l); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *job) limit(l Limits) error {
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	basic := &info.BasicLimitInformation
	basic.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if l.Memory > 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		info.JobMemoryLimit = uintptr(l.Memory)
	}
	if l.PIDs > 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
		basic.ActiveProcessLimit = uint32(l.PIDs)
	}
	if err := j.set(windows.JobObjectExtendedLimitInformation, unsafe.Pointer(&info), unsafe.Sizeof(info)); err != nil {
		return fmt.Errorf("cannot limit a worker: %w", err)
	}
	if l.CPU == 0 {
		return nil
	}
	rate := cpuRate{Flags: rateEnable | rateHardCap, Rate: rateOf(l.CPU, runtime.NumCPU())}
	if err := j.set(windows.JobObjectCpuRateControlInformation, unsafe.Pointer(&rate), unsafe.Sizeof(rate)); err != nil {
		return fmt.Errorf("cannot limit a worker to %v processors: %w", l.CPU, err)
	}
	return nil
}

// cpuRate is JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: in 10,000 cycles of all processors, the job gets Rate.
type cpuRate struct {
	Flags uint32
	Rate  uint32
}

const (
	rateEnable  = 0x1 // JOB_OBJECT_CPU_RATE_CONTROL_ENABLE
	rateHardCap = 0x4 // JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP
)

func (j *job) set(class int, info unsafe.Pointer, size uintptr) error {
	if ok, _, err := procSetJob.Call(uintptr(j.handle), uintptr(class), uintptr(info), size); ok == 0 {
		return err
	}
	return nil
}

func (j *job) close() { _ = windows.CloseHandle(j.handle) }
