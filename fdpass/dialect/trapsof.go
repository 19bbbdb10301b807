package dialect

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

func systemdTraps(in Input) []string {
	var out []string
	switch {
	case in.program("puma", "lighttpd"):
		out = append(out, fmt.Sprintf("this program takes a socket only where its configuration names the same address (bind exactly: %s)", listing(in, bindText)))
	case in.program("apache2", "httpd", "apache2ctl", "apachectl"):
		out = append(out, fmt.Sprintf("Apache looks only at the port of a socket, and has no words for unix ones (Listen exactly: %s)", listing(in, portText)))
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

func serverStarterTraps(in Input) []string {
	if !in.program("h2o") {
		return nil
	}
	return []string{fmt.Sprintf("h2o takes a socket only where a listen names the same address, and ends otherwise (listen exactly on: %s)", listing(in, bindText))}
}

func nginxTraps(in Input) []string {
	out := []string{fmt.Sprintf("nginx takes a socket only where a listen names the same address, and closes the others (listen exactly on: %s)", listing(in, bindText))}
	return append(out, each(in, Socket.isPath, func(s Socket) string {
		return fmt.Sprintf("nginx removes %s, the path of listener %q, where no listen names it (supervise puts it back)", s.Path, s.Name)
	})...)
}

func fpmTraps(in Input) []string {
	keys := listing(in, func(s Socket) string {
		if fpmHas(s) {
			return fpmKey(s)
		}
		return ""
	})
	out := []string{fmt.Sprintf("php-fpm takes a socket only where a pool's listen resolves to the same address, and closes the others (listen exactly on: %s)", keys)}
	return append(out, each(in, Socket.isPath, func(s Socket) string {
		return fmt.Sprintf("php-fpm removes %s, the path of listener %q, when it ends or no pool names it (supervise puts it back)", s.Path, s.Name)
	})...)
}

func unicornTraps(in Input) []string {
	return []string{fmt.Sprintf("unicorn opens what its configuration names with another address, and serves what it is given (listen exactly on: %s)", listing(in, bindText))}
}

func pumaTraps(in Input) []string {
	out := []string{fmt.Sprintf("puma takes a socket only where a bind is the same text, and closes the others (bind exactly: %s)", listing(in, Socket.bindURL))}
	return append(out, each(in, Socket.isPath, func(s Socket) string {
		return fmt.Sprintf("puma removes %s, the path of listener %q, where no bind names it (supervise puts it back)", s.Path, s.Name)
	})...)
}

func gunicornTraps(in Input) []string {
	return []string{`with GUNICORN_PID, gunicorn takes supervise for an older master: it adds ".2" to its pid file and ignores USR2 (use handoff = ["systemd"], which it prefers)`}
}

func nghttpxTraps(in Input) []string {
	out := []string{fmt.Sprintf("nghttpx takes a socket only where a frontend names the same address, and closes the others (--frontend exactly: %s)", listing(in, commaText))}
	return append(out, each(in, Socket.isTCP, func(s Socket) string {
		return fmt.Sprintf("nghttpx from 1.66 on takes only unix sockets, and binds %s, listener %q, anew (give that listener reuse_port, or use a unix one)", bindText(s), s.Name)
	})...)
}

func tableflipTraps(in Input) []string {
	out := each(in, Socket.hasFile, func(s Socket) string {
		return fmt.Sprintf("a tableflip program that ends by Stop removes %s, the path of listener %q (supervise puts it back)", s.Path, s.Name)
	})
	if in.StopSignal == "SIGHUP" || in.StopSignal == "HUP" {
		out = append(out, "most tableflip programs take SIGHUP for an upgrade, and start another process instead of ending (set stop { signal = \"SIGTERM\" })")
	}
	return out
}

func overseerTraps(in Input) []string {
	switch in.StopSignal {
	case "", "SIGUSR2", "USR2":
		return nil
	}
	return []string{fmt.Sprintf("an overseer program finishes its requests on SIGUSR2 unless its RestartSignal says otherwise, and ends at once by %s (set stop { signal = \"SIGUSR2\" })", in.StopSignal)}
}

func endlessTraps(in Input) []string {
	if len(in.Sockets) < 2 {
		return nil
	}
	return []string{"an endless program takes its sockets in the order in which it makes its servers (list the listeners in that order)"}
}

func graceTraps(in Input) []string {
	return []string{fmt.Sprintf("a grace program takes a socket only where it serves the same address, and opens another one otherwise (serve exactly: %s)", listing(in, bindText))}
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

// bindText is the address as most programs want it in their configuration.
func bindText(s Socket) string {
	switch {
	case s.Path != "":
		return s.Path
	case s.Port != 0 || s.isTCP():
		return net.JoinHostPort(s.anyHost(), s.port())
	}
	return ""
}

func portText(s Socket) string {
	if !s.isTCP() {
		return ""
	}
	return s.port()
}

// commaText is the address as nghttpx wants it: host,port without brackets.
func commaText(s Socket) string {
	if s.isPath() {
		return "unix:" + s.Path
	}
	if !s.isTCP() {
		return ""
	}
	return s.anyHost() + "," + strconv.Itoa(s.Port)
}
