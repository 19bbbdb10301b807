package keeper

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
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

	// where its memory is limited
	memory    uint64 // bytes
	shortages *shortages
	key       uintptr // among those; 0: its memory is not limited
}

// newJob makes an empty job with the limits.
func newJob(l Limits, s *shortages) (*job, error) {
	j := &job{name: unique("job-"), memory: l.Memory, shortages: s}
	name, err := windows.UTF16PtrFromString(j.name)
	if err != nil {
		return nil, err
	}
	if j.handle, err = windows.CreateJobObject(nil, name); err != nil {
		return nil, fmt.Errorf("cannot make the job of a worker: %w", err)
	}
	if err = j.limit(l); err == nil && l.Memory > 0 {
		j.key, err = s.watch(j.handle)
	}
	if err != nil {
		j.close()
		return nil, fmt.Errorf("cannot limit a worker: %w", err)
	}
	return j, nil
}

// extended are the limits that Windows sets together. The first holds always.
func (l Limits) extended() (info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION) {
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
	return info
}

func (j *job) limit(l Limits) error {
	info := l.extended()
	err := setJob(j.handle, windows.JobObjectExtendedLimitInformation, unsafe.Pointer(&info), unsafe.Sizeof(info))
	if err != nil && (l.Memory > 0 || l.PIDs > 0) {
		return fmt.Errorf("limits.memory_max and limits.pids_max: %w (supervise doctor tries what works here)", err)
	}
	if err != nil || l.CPU == 0 {
		return err
	}
	rate := cpuRate{Flags: rateEnable | rateHardCap, Rate: rateOf(l.CPU, runtime.NumCPU())}
	if err = setJob(j.handle, windows.JobObjectCpuRateControlInformation, unsafe.Pointer(&rate), unsafe.Sizeof(rate)); err != nil {
		return fmt.Errorf("limits.cpu_max: %w (supervise doctor tries what works here)", err)
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

func setJob(job windows.Handle, class int, info unsafe.Pointer, size uintptr) error {
	if ok, _, err := procSetJob.Call(uintptr(job), uintptr(class), uintptr(info), size); ok == 0 {
		return err
	}
	return nil
}

// shortage says that processes of the job were refused memory; "" when they were not.
func (j *job) shortage() string {
	if j.key == 0 || !j.shortages.of(j.key) {
		return ""
	}
	return "out of memory: limits.memory_max = " + cgroup.Bytes(j.memory)
}

func (j *job) close() {
	_ = windows.CloseHandle(j.handle)
	if j.key != 0 {
		j.shortages.drop(j.key)
	}
}
