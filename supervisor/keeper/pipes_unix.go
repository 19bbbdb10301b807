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

// pipes are between the core and a stage: the plan goes in, what comes of it goes
// out. The status is in Go's poller, so that a slow stage costs no thread; the
// child's ends are blocking.
type pipes struct {
	ends
	sender *os.File // of a plan that is sent and not laid ready; may be nil
	status *os.File
}

func newPipes(plan []byte) (*pipes, error) {
	var status [2]int
	if err := closeOnExecPipe(&status); err != nil {
		return nil, err
	}
	p := &pipes{ends: ends{plan: -1, status: status[1]}, status: pollable(status[0], "status")}
	var err error
	if p.ends.plan, p.sender, err = planInput(plan); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
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
	if err := p.status.SetDeadline(deadline); err != nil {
		return err
	}
	if err := p.send(plan, deadline); err != nil && !errors.Is(err, syscall.EPIPE) { // EPIPE: it died; the status says so
		return err
	}
	return stage.ReadStatus(p.status)
}

func (p *pipes) send(plan []byte, deadline time.Time) error {
	if p.sender == nil {
		return nil
	}
	defer p.sender.Close()
	if err := p.sender.SetDeadline(deadline); err != nil {
		return err
	}
	_, err := p.sender.Write(plan)
	return err
}

// closeEnds must follow the fork: EOF comes when the child has the only ends.
func (p *pipes) closeEnds() {
	for _, fd := range []*int{&p.ends.plan, &p.ends.status} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

func (p *pipes) close() {
	p.closeEnds()
	if p.sender != nil {
		_ = p.sender.Close()
	}
	_ = p.status.Close()
}
