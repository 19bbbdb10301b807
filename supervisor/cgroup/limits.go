package cgroup

import (
	"fmt"
	"math"
	"strconv"
)

// Limits are what the processes of a group may use together; 0 is as much as they like.
type Limits struct {
	Memory uint64  // bytes, with what the kernel keeps for them: memory.max
	CPU    float64 // time in each second of real time, in CPU seconds: cpu.max
	PIDs   uint64  // processes and threads: pids.max
}

// None is whether nothing is limited.
func (l Limits) None() bool { return l == Limits{} }

// Controllers are those that the kernel needs for the limits.
func (l Limits) Controllers() []string {
	var list []string
	if l.CPU > 0 {
		list = append(list, "cpu")
	}
	if l.Memory > 0 {
		list = append(list, "memory")
	}
	if l.PIDs > 0 {
		list = append(list, "pids")
	}
	return list
}

// setting is a file of a group with what is written to it.
type setting struct{ file, value string }

// period is that of cpu.max, in microseconds: the kernel's own default.
const period = 100_000

// birthThreads is what pids.max has on top until the worker's own program runs: a step in Go comes before it, which needs some threads.
const birthThreads = 32

func (l Limits) settings() []setting {
	var list []setting
	if l.CPU > 0 {
		quota := max(1000, int64(math.Round(l.CPU*period))) // the kernel takes no less
		list = append(list, setting{"cpu.max", fmt.Sprintf("%d %d", quota, period)})
	}
	if l.Memory > 0 {
		// A worker lives or dies as a whole: a server without one of its processes may hang for ever.
		list = append(list, setting{"memory.max", strconv.FormatUint(l.Memory, 10)}, setting{"memory.oom.group", "1"})
	}
	if l.PIDs > 0 {
		list = append(list, setting{"pids.max", strconv.FormatUint(l.PIDs+birthThreads, 10)})
	}
	return list
}

// Bytes is a size for people: "512MiB", where that is exact.
func Bytes(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	at := 0
	for n > 0 && n%1024 == 0 && at < len(units)-1 {
		n /= 1024
		at++
	}
	return strconv.FormatUint(n, 10) + units[at]
}
