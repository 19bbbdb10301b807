package dialect

import (
	"strconv"
	"syscall"
)

// nghttpx is how an nghttpx hands its sockets to the binary that replaces it.
//
//	NGHTTPX_ACCEPT_1="tcp,3"  NGHTTPX_ACCEPT_2="unix,4,/run/x.sock"     counted from 1, without a gap
//	NGHTTPX_ORIG_PID=<pid that gets SIGQUIT once it serves>
//
// It takes the sockets whose address a frontend names, and closes the others. It leaves O_NONBLOCK to the nghttpx before it; on
// SIGQUIT it accepts until there is nothing left, so that without the flag it waits for one more connection and does not end. Versions from 1.66 on read only the unix
// ones, for their TCP sockets have SO_REUSEPORT and are bound anew.
//
// Source: nghttp2 1.52 src/shrpx.cc, get_inherited_addr_from_env, create_tcp_server_socket and event_loop; master
// for the newer ones.
func nghttpx() dialect {
	return dialect{name: "nghttpx", tell: tellNghttpx, owns: ownsNghttpx, traps: nghttpxTraps, notes: nghttpxNotes}
}

func tellNghttpx(in Input, fds []int) (words, error) {
	w := words{silent: silentUnless(in, nghttpxHas)}
	for i, s := range in.Sockets {
		if !nghttpxHas(s) {
			continue
		}
		value := "tcp," + strconv.Itoa(fds[i])
		if s.Network == "unix" {
			value = "unix," + strconv.Itoa(fds[i]) + "," + s.Path
		}
		w.env = append(w.env, "NGHTTPX_ACCEPT_"+strconv.Itoa(len(w.env)+1)+"="+value)
	}
	if len(w.env) > 0 {
		w.parentPID = []string{"NGHTTPX_ORIG_PID"}
		w.parent = &Parent{Ready: syscall.SIGQUIT}
		w.nonblocking = true
	}
	return w, nil
}

func nghttpxHas(s Socket) bool { return s.isTCP() || s.isPath() }

func ownsNghttpx(key string) bool {
	switch key {
	case "NGHTTPX_ORIG_PID", "NGHTTPX_UNIX_FD", "NGHTTPX_UNIX_PATH", "NGHTTPX_PORT", "NGHTTPX_LISTENER4_FD", "NGHTTPX_LISTENER6_FD":
		return true
	}
	return numbered(key, "NGHTTPX_ACCEPT_") || numbered(key, "NGHTTPX_QUIC_WORKER_PROCESS_")
}
