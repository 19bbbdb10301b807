package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// before and after are answers of the gate to a request of a manager to the keeper: the manager is killed, and the request is the
// first that was not sent, or the last that was and whose reply nobody has read.
const (
	before = "before"
	after  = "after"
)

// proxied is a program that a keeper can upgrade to: the real supervise, but between its manager and the keeper there is a process
// that asks the gate about every request.
//
//	real manager ──▶ proxy ── request/KIND - 0 0 PID ──▶ test
//	                   │ ◀────── go | before | after ───
//	                   ╰──────────────────────────────▶ keeper
func proxied(real string) string {
	return fmt.Sprintf("#!/bin/sh\n[ -n \"$SUPERVISE_KEEPER\" ] && exec %[1]q \"$@\"\nexec %[2]q proxy %[1]q \"$@\"\n", real, self())
}

// proxy runs the manager; args are the program and its arguments. The connection to the keeper is descriptor 3.
func proxy(args []string) int {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		return 1
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Args[0] = "supervise"
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	cmd.ExtraFiles = []*os.File{theirs} // as 3
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		return 1
	}
	theirs.Close()
	die := func() { // the manager first: it must not do anything that it would not have done without us
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	go func() {
		relay(3, pair[0], func([]byte) string { return goOn }, die)
		die()
	}()
	relay(pair[0], 3, judge, die)
	_ = cmd.Wait()
	return max(cmd.ProcessState.ExitCode(), 0)
}

// judge asks the gate about a request.
func judge(packet []byte) string {
	var request struct{ Kind string }
	if err := json.Unmarshal(packet, &request); err != nil {
		return before
	}
	return ask("request/" + request.Kind)
}

// relay passes packets on, with their descriptors, until one side is gone.
func relay(from, to int, verdict func([]byte) string, die func()) {
	data, control := make([]byte, 1<<16), make([]byte, unix.CmsgSpace(4*253))
	for {
		n, oob, _, _, err := unix.Recvmsg(from, data, control, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		answer := verdict(data[:n])
		if answer == before {
			die()
		}
		err = unix.Sendmsg(to, data[:n], control[:oob], nil, unix.MSG_NOSIGNAL)
		closeRights(control[:oob])
		if err != nil {
			return
		}
		if answer == after {
			die()
		}
	}
}

// closeRights closes what has been passed on.
func closeRights(control []byte) {
	messages, _ := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		fds, _ := unix.ParseUnixRights(&m)
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
}

// installProxy makes the proxy the program on disk.
func (s *site) installProxy(t testing.TB) {
	t.Helper()
	s.installText(t, strings.NewReader(proxied(program)))
}
