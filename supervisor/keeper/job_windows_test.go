package keeper

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

func TestJobLimits(t *testing.T) {
	const always = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	tests := []struct {
		limits    Limits
		flags     uint32
		memory    uintptr
		processes uint32
	}{
		{Limits{}, always, 0, 0},
		{Limits{CPU: 1}, always, 0, 0},
		{Limits{Memory: 64 << 20}, always | windows.JOB_OBJECT_LIMIT_JOB_MEMORY, 64 << 20, 0},
		{Limits{PIDs: 7}, always | windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS, 0, 7},
	}
	for _, tt := range tests {
		info := tt.limits.extended()
		basic := info.BasicLimitInformation
		if basic.LimitFlags != tt.flags || info.JobMemoryLimit != tt.memory || basic.ActiveProcessLimit != tt.processes {
			t.Errorf("%+v: flags %#x, memory %d, processes %d", tt.limits, basic.LimitFlags, info.JobMemoryLimit, basic.ActiveProcessLimit)
		}
	}
}

// TestJobLimitsFail wants the name of the limit that does not work. That of processors does on Windows, and not under Wine.
func TestJobLimitsFail(t *testing.T) {
	none := &job{handle: windows.InvalidHandle}
	if err := none.limit(Limits{Memory: 1 << 20}); err == nil || !strings.HasPrefix(err.Error(), "limits.memory_max and limits.pids_max: ") {
		t.Errorf("memory: %v", err)
	}
	var s shortages
	j, err := newJob(Limits{CPU: 0.5}, &s)
	if err == nil {
		j.close()
	} else if !strings.HasPrefix(err.Error(), "cannot limit a worker: limits.cpu_max: ") {
		t.Errorf("processors: %v", err)
	}
}

func TestJobCPU(t *testing.T) {
	underWine(t, "SetInformationJobObject refuses JobObjectCpuRateControlInformation")
	var s shortages
	j, err := newJob(Limits{CPU: 0.5}, &s)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	var rate cpuRate
	query := kernel32.NewProc("QueryInformationJobObject")
	if ok, _, err := query.Call(uintptr(j.handle), windows.JobObjectCpuRateControlInformation, uintptr(unsafe.Pointer(&rate)), unsafe.Sizeof(rate), 0); ok == 0 {
		t.Fatal(err)
	}
	if want := (cpuRate{rateEnable | rateHardCap, rateOf(0.5, runtime.NumCPU())}); rate != want {
		t.Errorf("the rate is %+v, want %+v", rate, want)
	}
}

// A job that was refused memory is told apart from one that was not, also when both end at once. The packet is the one that the
// kernel sends.
func TestShortage(t *testing.T) {
	var s shortages
	short, other := limited(t, &s), limited(t, &s)
	for _, j := range []*job{short, other} {
		if got := j.shortage(); got != "" {
			t.Errorf("at first: %q", got)
		}
	}
	if err := windows.PostQueuedCompletionStatus(s.port, endOfJobMemory, short.key, nil); err != nil {
		t.Fatal(err)
	}
	if got := short.shortage(); got != "out of memory: limits.memory_max = 64MiB" {
		t.Errorf("got %q", got)
	}
	if got := other.shortage(); got != "" {
		t.Errorf("of the other: %q", got)
	}
	short.close()
	if got := short.shortage(); got != "" {
		t.Errorf("of a closed one: %q", got)
	}
	other.close()
	if s.port != 0 || len(s.short) != 0 || len(s.askers) != 0 {
		t.Errorf("left are %v %v", s.short, s.askers)
	}
}

func limited(t testing.TB, s *shortages) *job {
	t.Helper()
	j, err := newJob(Limits{Memory: 64 << 20}, s)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// What the kernel really does.
func TestProcMemoryLimit(t *testing.T) {
	underWine(t, "a job does not limit memory")
	b := newBench(t)
	s := helper(t, "allocate")
	s.Limits.Memory = 256 << 20
	w := b.run(s)
	w.rest(t)
	if exit := b.wait(w.ID); exit.Success() || exit.OutOfMemory != "out of memory: limits.memory_max = 256MiB" {
		t.Errorf("the worker %s", exit)
	}
}

func TestProcProcessLimit(t *testing.T) {
	underWine(t, "a job does not limit the number of processes")
	b := newBench(t)
	s := helper(t, "child", "ready")
	s.Limits.PIDs = 1
	w := b.run(s)
	w.rest(t)
	if exit := b.wait(w.ID); exit.Success() {
		t.Errorf("the worker %s: it started a child", exit)
	}
}
