package dialect

import (
	"fmt"
	"strings"
)

func systemdTraps(in Input) []string {
	var out []string
	switch {
	case in.program("puma", "lighttpd", "apache2", "httpd", "apache2ctl", "apachectl"):
	case in.ListenPID == "omit":
		out = append(out, "without LISTEN_PID, sd_listen_fds(3) and go-systemd take no sockets, every program that the worker starts may take them, and one with Facebook's grace sends SIGTERM to supervise (leave listen_pid at \"own\" where the program needs it; for grace, set handoff = [\"grace\"])")
	case in.ListenPID == "parent" && len(in.Command) > 0:
		out = append(out, "LISTEN_PID=parent:… is read by lighttpd, other programs take no sockets (leave listen_pid at \"own\")")
	}
	return out
}

func einhornTraps(in Input) []string {
	if _, ok := servedPath(in, "einhorn.sock"); ok || in.RuntimeDir == "" {
		return nil
	}
	return []string{fmt.Sprintf("the worker cannot acknowledge to einhorn's socket: its path would be longer than %d bytes (run supervise with a shorter runtime folder)", maxPath)}
}

func gunicornTraps(in Input) []string {
	return []string{`with GUNICORN_PID, gunicorn takes supervise for an older master: it adds ".2" to its pid file and ignores USR2 (use handoff = ["systemd"], which it prefers)`}
}

func nghttpxTraps(in Input) []string {
	return each(in, Socket.isTCP, func(s Socket) string {
		return fmt.Sprintf("nghttpx from 1.66 on takes only unix sockets, and binds %s, listener %q, anew (give that listener reuse_port, or use a unix one)", bindText(s), s.Name)
	})
}

func tableflipTraps(in Input) []string {
	if in.StopSignal == "SIGHUP" || in.StopSignal == "HUP" {
		return []string{"most tableflip programs take SIGHUP for an upgrade, and start another process instead of ending (set stop { signal = \"SIGTERM\" })"}
	}
	return nil
}

func overseerTraps(in Input) []string {
	switch in.StopSignal {
	case "", "SIGUSR2", "USR2":
		return nil
	}
	return []string{fmt.Sprintf("an overseer program finishes its requests on SIGUSR2 unless its RestartSignal says otherwise, and ends at once by %s (set stop { signal = \"SIGUSR2\" })", in.StopSignal)}
}

func circusTraps(in Input) []string {
	if len(in.Command) == 0 {
		return nil
	}
	text := strings.ToLower(strings.Join(in.Command, "\n"))
	return each(in, func(s Socket) bool {
		name := "circus.sockets." + strings.ToLower(s.Name)
		return !strings.Contains(text, "$("+name+")") && !strings.Contains(text, "(("+name+"))")
	}, func(s Socket) string {
		return fmt.Sprintf("the command does not mention listener %q, so the worker does not know its descriptor (write $(circus.sockets.%s) where the number belongs)", s.Name, s.Name)
	})
}
