package dialect

import (
	"strconv"
	"strings"
)

// einhorn is Stripe's convention.
//
//	EINHORN_FD_COUNT=2  EINHORN_FD_0=3  EINHORN_FD_1=4  EINHORN_CHILD_INDEX=0
//	EINHORN_MASTER_PID=<pid of the worker's parent>  EINHORN_FDS="3 4" (deprecated there)
//
// A worker believes the rest only if EINHORN_MASTER_PID is its getppid(2). By the socket
// EINHORN_SOCK_PATH it acknowledges that it serves; some libraries insist on that where the
// variable is set, so it is set only where the socket is served.
//
// Source: einhorn lib/einhorn/command.rb, prepare_child_environment, and
// lib/einhorn/worker.rb; contribsys/einhorn 1.0 without EINHORN_FDS.
func einhorn() dialect {
	return dialect{name: "einhorn", tell: tellEinhorn, owns: ownsEinhorn, traps: einhornTraps}
}

func tellEinhorn(in Input, fds []int) (words, error) {
	w := words{parentPID: []string{"EINHORN_MASTER_PID"}}
	w.env = append(w.env, "EINHORN_FD_COUNT="+strconv.Itoa(len(fds)))
	list := make([]string, len(fds))
	for i, fd := range fds {
		list[i] = strconv.Itoa(fd)
		w.env = append(w.env, "EINHORN_FD_"+strconv.Itoa(i)+"="+list[i])
	}
	w.env = append(w.env,
		"EINHORN_CHILD_INDEX="+strconv.Itoa(in.Worker),
		"EINHORN_FDS="+strings.Join(list, " "))
	if path, ok := servedPath(in, "einhorn.sock"); ok {
		w.env = append(w.env, "EINHORN_SOCK_PATH="+path)
		w.serve = []Served{{Protocol: "einhorn", Path: path}}
	}
	return w, nil
}

func ownsEinhorn(key string) bool {
	switch key {
	case "EINHORN_MASTER_PID", "EINHORN_FDS", "EINHORN_CHILD_INDEX", "EINHORN_SOCK_PATH", "EINHORN_SOCK_FD":
		return true
	}
	// EINHORN_FD_COUNT, EINHORN_FD_<i> and the forks' EINHORN_FD_FAMILY_<i>.
	return strings.HasPrefix(key, "EINHORN_FD_")
}
