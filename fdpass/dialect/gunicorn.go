package dialect

// gunicorn is how a gunicorn master hands its sockets to the next one.
//
//	GUNICORN_FD="3,4"  GUNICORN_PID=<pid of its parent>
//
// With GUNICORN_PID it takes itself for the second master of two, until the first one, its parent, is gone: it adds
// ".2" to its pid file, ignores USR2, and leaves the paths of unix sockets alone when it ends. It sends no signal to
// that pid. It reads LISTEN_FDS first, and without these effects: prefer "systemd".
//
// Source: gunicorn arbiter.py, start, maybe_promote_master, reexec and stop.
func gunicorn() dialect {
	return dialect{name: "gunicorn", tell: tellGunicorn, owns: isOneOf("GUNICORN_FD", "GUNICORN_PID"), traps: gunicornTraps}
}

func tellGunicorn(in Input, fds []int) (words, error) {
	w := words{silent: silentUnless(in, rubyHas)}
	if list := numberList(in, fds, ",", rubyHas); list != "" {
		w.env = []string{"GUNICORN_FD=" + list}
		w.parentPID = []string{"GUNICORN_PID"}
	}
	return w, nil
}
