package dialect

import (
	"strconv"
	"syscall"
)

// goagain is what a program with rcrowley/goagain tells the process that replaces it.
//
//	GOAGAIN_FD=3  GOAGAIN_NAME=tcp:127.0.0.1:80->  GOAGAIN_PPID=<whom to signal>  GOAGAIN_SIGNAL=3
//
// When it serves it sends the signal to that pid. SIGQUIT is also what it falls back to.
//
// Source: goagain goagain.go, Listener and Kill.
func goagain() dialect {
	return dialect{name: "goagain", tell: tellGoagain, always: true,
		owns: isOneOf("GOAGAIN_FD", "GOAGAIN_NAME", "GOAGAIN_PID", "GOAGAIN_PPID", "GOAGAIN_SIGNAL")}
}

func tellGoagain(in Input, fds []int) (words, error) {
	if err := onlyOne(in); err != nil {
		return words{}, err
	}
	if err := onlyStreams(in, goagainHas); err != nil {
		return words{}, err
	}
	return words{
		env: []string{
			"GOAGAIN_FD=" + strconv.Itoa(fds[0]),
			"GOAGAIN_NAME=" + goagainName(in.Sockets[0]),
			"GOAGAIN_SIGNAL=" + strconv.Itoa(int(syscall.SIGQUIT)),
		},
		parentPID: []string{"GOAGAIN_PPID"},
		parent:    &Parent{Ready: syscall.SIGQUIT},
	}, nil
}

func goagainHas(s Socket) bool { return s.isTCP() || s.Network == "unix" }

func goagainName(s Socket) string {
	if s.isTCP() {
		return "tcp:" + hostPort(s) + "->"
	}
	return "unix:" + s.Path + "->"
}
