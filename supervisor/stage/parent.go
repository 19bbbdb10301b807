package stage

import (
	"fmt"
	"syscall"
)

// Parent is a process between the keeper and the command, for programs that send signals to the process that started them
// because they take it for the one they replace. It sends what else it gets on to the command and ends as that does.
type Parent struct {
	// Ready is the number of the signal by which the command says that it serves. The parent passes it on as READY=1 and
	// MAINPID= of sd_notify(3) and goes away: the command is then a child of the keeper. 0: there is none.
	Ready int `json:"ready,omitempty"`
	// Stay has SIGUSR1, by which the command says that its parent has let go of something, mean nothing.
	Stay bool `json:"stay,omitempty"`
}

// instead stands for the signal that would mean something to a parent itself. A Go program is not told who sent a signal, so those
// for the command need another number: nobody else uses this one, SIGRTMAX-1.
const instead = syscall.Signal(63)

// Address gives the number under which a parent passes sig on to its command. A nil Parent is none, which needs no other.
func (p *Parent) Address(sig syscall.Signal) syscall.Signal {
	if own := p.own(); own != 0 && sig == own {
		return instead
	}
	return sig
}

// own is the signal that p keeps for itself; 0: none.
func (p *Parent) own() syscall.Signal {
	switch {
	case p == nil:
		return 0
	case p.Stay:
		return usr1
	}
	return syscall.Signal(p.Ready)
}

func (p *Parent) check() error {
	if p != nil && (p.Ready < 0 || p.Ready > 64) {
		return &Failure{Op: "wait for signal", Object: fmt.Sprint(p.Ready), Cause: "there is none of that number"}
	}
	return nil
}
