package cgroup

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
)

func TestMain(m *testing.M) {
	cgrouptest.Main()
	if len(os.Args) > 2 && os.Args[1] == "role" {
		roles[os.Args[2]]()
		syscall.Exit(0) // os.Exit waits a second in a race build
	}
	os.Exit(m.Run())
}

// roles are what processes do that a test starts. They say a line, and stay until their standard input ends.
var roles = map[string]func(){
	"stay":   func() { report(); stay() },
	"daemon": func() { daemon(3) },
	"eat":    eat,
	"bomb":   bomb,
}

func report() { os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + "\n") }

func stay() { _, _ = os.Stdin.Read(make([]byte, 1)) }

// daemon does what daemons do to get away: a session of its own, a parent that ends, no variable of the environment; depth times.
func daemon(depth int) {
	if n := os.Getenv("DEPTH"); n != "" {
		depth, _ = strconv.Atoi(n)
	}
	if depth == 0 {
		report()
		stay()
		return
	}
	_, _ = syscall.ForkExec("/proc/self/exe", []string{"test", "role", "daemon"}, &syscall.ProcAttr{
		Env: []string{"DEPTH=" + strconv.Itoa(depth-1)}, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// eat takes memory until something stops it.
func eat() {
	var all [][]byte
	for range 4096 {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		all = append(all, block)
	}
	runtime.KeepAlive(all)
	report()
}

// bomb starts as many processes as it can, and says how many that were.
func bomb() {
	started := 0
	for range 1000 {
		if _, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{}); err == nil {
			started++
		}
	}
	os.Stdout.WriteString(strconv.Itoa(started) + "\n")
	stay()
}

// start starts a process with that role in the group, and gives its first line.
func start(t *testing.T, g *Group, role string) (pid int, line string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "role", role)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Millisecond // whatever else has the pipes
	err = g.Use(func(fd int) error {
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
		return cmd.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line, _ = bufio.NewReader(out).ReadString('\n')
	return cmd.Process.Pid, strings.TrimSpace(line)
}
