package stage

import (
	"fmt"
	"slices"
	"syscall"
)

// Parent is a process between the keeper and the command, for programs that send signals to the process that started them
// because they take it for the one they replace. It sends what else it gets on to the command and ends as that does.
type Parent struct {
	// Ready is the number of the signal by which the command says that it serves. The parent passes it on as READY=1 of
	// sd_notify(3). 0: there is none.
	Ready int `json:"ready,omitempty"`
	// Stay keeps the parent for the life of the command; further signals Ready, and SIGUSR1 and SIGUSR2, by which programs of
	// this kind talk to their parent, mean nothing. Otherwise it goes away with the first Ready, and says MAINPID=
	// before: the command is then a child of the keeper.
	Stay bool `json:"stay,omitempty"`
}

// instead is the first of the signals that stand for those that would mean something to a parent itself, from here down. A Go program
// is not told who sent a signal, so those for the command need other numbers: nobody else uses these, from SIGRTMAX-1.
const instead = syscall.Signal(63)

// Address gives the number under which a parent passes sig on to its command. A nil Parent is none, which needs no other.
func (p *Parent) Address(sig syscall.Signal) syscall.Signal {
	if i := slices.Index(p.own(), sig); i >= 0 {
		return instead - syscall.Signal(i)
	}
	return sig
}

// addressed is the signal that Address gave another number.
func (p *Parent) addressed(sig syscall.Signal) syscall.Signal {
	if i, own := int(instead-sig), p.own(); i >= 0 && i < len(own) {
		return own[i]
	}
	return sig
}

// own are the signals that p keeps for itself.
func (p *Parent) own() (list []syscall.Signal) {
	if p == nil {
		return nil
	}
	if p.Ready != 0 {
		list = append(list, syscall.Signal(p.Ready))
	}
	if p.Stay {
		list = append(list, usr1, usr2)
	}
	return list
}

func (p *Parent) check() error {
	if p != nil && (p.Ready < 0 || p.Ready > 64) {
		return &Failure{Op: "wait for signal", Object: fmt.Sprint(p.Ready), Cause: "there is none of that number"}
	}
	return nil
}
