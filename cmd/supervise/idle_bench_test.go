//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// idle is how long an idle supervise is watched.
const idle = 10 * time.Second

// BenchmarkIdle watches a supervise in which nothing happens: the resident memory of its two processes, and how often any of their threads
// was woken, counted by the kernel's context switches.
func BenchmarkIdle(b *testing.B) {
	for _, services := range []int{10, 1000} {
		b.Run(fmt.Sprintf("services=%d", services), func(b *testing.B) {
			keeper := idleSite(b, services)
			time.Sleep(idle / 2) // what a start leaves behind: the second look at listeners, the collector
			manager := managerOf(b, keeper)
			switches := func() int {
				return statusField(b, keeper, "ctxt_switches") + statusField(b, manager, "ctxt_switches")
			}
			var woken int
			for b.Loop() {
				before := switches()
				time.Sleep(idle)
				woken += switches() - before
			}
			b.ReportMetric(float64(woken)/float64(b.N), "wakeups/10s")
			b.ReportMetric(float64(processField(b, keeper, "VmRSS:"))/1024, "keeper-MiB")
			b.ReportMetric(float64(processField(b, manager, "VmRSS:"))/1024, "manager-MiB")
		})
	}
}

// idleSite runs so many services that only sleep.
func idleSite(b *testing.B, services int) (pid int) {
	b.Helper()
	dir := b.TempDir()
	var text strings.Builder
	for n := range services {
		fmt.Fprintf(&text, "service \"s%d\" {\n command = [\"/bin/sleep\", \"1000\"]\n ready { when = \"started\" }\n}\n", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "app.hcl"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd, ended, _, err := launch(dir, io.Discard, io.Discard, os.Environ(), "--config", "app.hcl", "--control", filepath.Join(dir, "c.sock"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	return cmd.Process.Pid
}

// managerOf finds the manager among the children of a keeper.
func managerOf(tb testing.TB, keeper int) int {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", keeper, keeper))
	if err != nil {
		tb.Fatal(err)
	}
	for _, child := range strings.Fields(string(text)) {
		command, _ := os.ReadFile("/proc/" + child + "/cmdline")
		if strings.HasPrefix(string(command), "supervise\x00manager\x00") {
			pid, err := strconv.Atoi(child)
			if err != nil {
				tb.Fatal(err)
			}
			return pid
		}
	}
	tb.Fatalf("keeper %d has no manager among its children %s", keeper, text)
	return 0
}

// statusField adds up a field of all threads, proc_pid_status(5).
func statusField(b *testing.B, pid int, name string) int {
	b.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		b.Fatalf("no threads of process %d: %v", pid, err)
	}
	sum := 0
	for _, file := range files {
		sum += fieldOf(b, file, name)
	}
	return sum
}

func processField(b *testing.B, pid int, name string) int {
	return fieldOf(b, fmt.Sprintf("/proc/%d/status", pid), name)
}

func fieldOf(b *testing.B, file, name string) int {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		var n int
		if label, value, ok := strings.Cut(line, ":"); ok && strings.HasSuffix(label+":", strings.TrimSuffix(name, ":")+":") {
			if _, err := fmt.Sscan(value, &n); err == nil {
				sum += n
			}
		}
	}
	return sum
}
