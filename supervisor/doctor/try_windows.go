package doctor

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

func wait() int {
	fmt.Println("0")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// try finds everything out. pid is a sibling.
func try(pid int, _ uintptr) (Facts, error) {
	v := windows.RtlGetVersion()
	return Facts{
		Machine: runtime.GOOS + "/" + runtime.GOARCH, Kernel: fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber),
		UID: os.Geteuid(), Elevated: windows.GetCurrentProcessToken().IsElevated(),
		Export: why(tryExport(pid)), Job: why(tryJob()), CPURate: why(tryRate()), Pipe: why(tryPipe()),
	}, nil
}

// why is empty for what works.
func why(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func tryExport(pid int) error {
	s, err := fdpass.Open(fdpass.Spec{Name: "probe", Address: fdpass.Address{Network: "tcp4", Host: "127.0.0.1"}, UID: -1, GID: -1})
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = fdpass.Export(s.Descriptor(), pid)
	return err
}

// inJob calls f with a job that has no process.
func inJob(f func(windows.Handle) error) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(job)
	return f(job)
}

func tryJob() error {
	return inJob(func(job windows.Handle) error {
		var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
		info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_JOB_MEMORY | windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
		info.BasicLimitInformation.ActiveProcessLimit, info.JobMemoryLimit = 1, 1<<30
		return set(job, windows.JobObjectExtendedLimitInformation, &info)
	})
}

// tryRate sets JOBOBJECT_CPU_RATE_CONTROL_INFORMATION to half of the machine.
func tryRate() error {
	return inJob(func(job windows.Handle) error {
		const enable, hardCap = 1, 4
		info := struct{ flags, rate uint32 }{enable | hardCap, 5000}
		return set(job, windows.JobObjectCpuRateControlInformation, &info)
	})
}

// set keeps the information where it is meanwhile: x/sys takes its address as a number, which Go does not follow.
func set[T any](job windows.Handle, class uint32, info *T) error {
	var pinner runtime.Pinner
	pinner.Pin(info)
	defer pinner.Unpin()
	_, err := windows.SetInformationJobObject(job, class, uintptr(unsafe.Pointer(info)), uint32(unsafe.Sizeof(*info)))
	return err
}

func tryPipe() error {
	l, err := pipe.Listen(pipe.Random("supervise-doctor-"), pipe.Options{})
	if err != nil {
		return err
	}
	return l.Close()
}
