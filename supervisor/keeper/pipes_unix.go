//go:build unix

package keeper

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// pipes are the two between keeper and stage. Our ends are in Go's poller, so
// that a slow stage costs no thread; the child's ends are blocking.
type pipes struct {
	plan, status       *os.File // ours: written, read
	planEnd, statusEnd int      // the child's; -1 when closed
}

func newPipes() (*pipes, error) {
	var plan, status [2]int
	if err := closeOnExecPipe(&plan); err != nil {
		return nil, err
	}
	if err := closeOnExecPipe(&status); err != nil {
		unix.Close(plan[0])
		unix.Close(plan[1])
		return nil, err
	}
	return &pipes{
		plan: pollable(plan[1], "plan"), planEnd: plan[0],
		status: pollable(status[0], "status"), statusEnd: status[1],
	}, nil
}

// pollable owns fd. A pipe's two ends have flags of their own, so the other
// one stays blocking.
func pollable(fd int, name string) *os.File {
	_ = unix.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), name)
}

// converse sends the plan and waits for what comes of it. The stage reads all
// before it writes anything, so neither can wait for the other, however large
// the plan is.
func (p *pipes) converse(plan []byte, deadline time.Time) error {
	if err := errors.Join(p.plan.SetDeadline(deadline), p.status.SetDeadline(deadline)); err != nil {
		return err
	}
	_, err := p.plan.Write(plan)
	if err != nil && !errors.Is(err, syscall.EPIPE) { // EPIPE: it died; the status says so
		return err
	}
	if err := p.plan.Close(); err != nil {
		return err
	}
	return stage.ReadStatus(p.status)
}

// closeChildEnds must follow the fork: EOF comes when the child has the only ends.
func (p *pipes) closeChildEnds() {
	for _, fd := range []*int{&p.planEnd, &p.statusEnd} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

func (p *pipes) close() {
	p.closeChildEnds()
	_ = p.plan.Close()
	_ = p.status.Close()
}
