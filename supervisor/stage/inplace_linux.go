package stage

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// order is what a process leaves for itself.
type order struct {
	Plan Plan
	From []int // where the descriptor for each of Plan.Numbers is
}

// InPlace replaces this process by the command of p and keeps its number. Of p only Command, Env and the variables with process
// numbers count; from[i] becomes p.Numbers[i], and 0, 1 and 2 stay as they are. It returns only with an error.
//
// A process that has used the network has descriptors of the Go runtime at low numbers, which cannot be taken from it. So it runs
// this program again, as a stage that has none.
func InPlace(p Plan, from []int) error {
	if err := p.Check(); err != nil {
		return err
	}
	if p.Adopt != nil {
		return &Failure{Op: "answer bind and listen", Cause: "nobody is left to answer a command that takes the place of supervise"}
	}
	text, err := json.Marshal(order{p, from})
	if err != nil {
		return err
	}
	fd, err := memory(text)
	if err != nil {
		return &Failure{Op: "run", Object: p.Command[0], Cause: err.Error()}
	}
	// The thread that calls execve is the one whose signal mask stays.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, n := range append([]int{fd}, from...) {
		if _, err := unix.FcntlInt(uintptr(n), unix.F_SETFD, 0); err != nil {
			return &Failure{Op: "pass on descriptor", Object: strconv.Itoa(n), Cause: err.Error()}
		}
	}
	err = unix.Exec("/proc/self/exe", []string{"supervise", "stage", strconv.Itoa(fd)}, append(os.Environ(), Environ()...))
	return &Failure{Op: "run", Object: "/proc/self/exe", Cause: err.Error()}
}

func memory(text []byte) (fd int, err error) {
	if fd, err = unix.MemfdCreate("supervise-order", unix.MFD_CLOEXEC); err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	for at := 0; at < len(text); {
		n, err := unix.Pwrite(fd, text[at:], int64(at))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			unix.Close(fd)
			return -1, os.NewSyscallError("pwrite", err)
		}
		at += n
	}
	return fd, nil
}

// MainInPlace is `supervise stage NUMBER`, the second half of InPlace. It returns only when the command could not be run, which it
// has said then.
func MainInPlace(number string) (exitCode int) {
	runtime.LockOSThread()
	err := carryOut(number)
	writeAll(2, []byte("supervise: "+err.Error()+"\n"))
	return 1
}

func carryOut(number string) error {
	fd, err := strconv.Atoi(number)
	if err != nil || !isKind(fd, unix.S_IFREG) {
		return errors.New("cannot run a stage: this is started by supervise itself, not by hand")
	}
	text, err := readAll(fd, maxPlan)
	if err != nil {
		return err
	}
	unix.Close(fd)
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	if len(o.From) != len(o.Plan.Numbers) {
		return errors.New("internal error: numbers and descriptors do not fit")
	}
	c := &child{plan: o.Plan}
	if err := c.moveAll(o.From); err != nil {
		return err
	}
	return c.run()
}

// moveAll puts the descriptors at their numbers: first all out of the way, so that no two moves can get in each other's.
func (c *child) moveAll(from []int) error {
	wanted := map[int]int{}
	for number := range firstDescriptor {
		wanted[number] = number
	}
	for i, number := range c.plan.Numbers {
		wanted[number] = from[i]
	}
	for _, number := range c.plan.Numbers {
		moved, err := dupOutside(wanted[number], wanted)
		if err != nil {
			return err
		}
		wanted[number] = moved
	}
	for _, at := range from {
		unix.Close(at) // a socket that gets several numbers is there more than once
	}
	if err := c.dropForeign(wanted); err != nil {
		return err
	}
	for _, number := range c.plan.Numbers {
		if err := place(wanted[number], number); err != nil {
			return err
		}
	}
	return nil
}
