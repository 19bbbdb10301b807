package dialect

import (
	"fmt"
	"net"
	"strconv"
)

func systemdNotes(in Input) []string {
	switch {
	case in.program("puma", "lighttpd"):
		return []string{fmt.Sprintf("this program takes a socket only where its configuration names the same address (bind exactly: %s)", listing(in, bindText))}
	case in.program("apache2", "httpd", "apache2ctl", "apachectl"):
		return []string{fmt.Sprintf("Apache looks only at the port of a socket, and has no words for unix ones (Listen exactly: %s)", listing(in, portText))}
	}
	return nil
}

func serverStarterNotes(in Input) []string {
	if !in.program("h2o") {
		return nil
	}
	return []string{fmt.Sprintf("h2o takes a socket only where a listen names the same address, and ends otherwise (listen exactly on: %s)", listing(in, bindText))}
}

func nginxNotes(in Input) []string {
	out := []string{fmt.Sprintf("nginx takes a socket only where a listen names the same address, and closes the others (listen exactly on: %s)", listing(in, bindText))}
	return append(out, each(in, Socket.isPath, func(s Socket) string {
		return fmt.Sprintf("nginx removes %s, the path of listener %q, where no listen names it (supervise puts it back)", s.Path, s.Name)
	})...)
}

func fpmNotes(in Input) []string {
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

func unicornNotes(in Input) []string {
	return []string{fmt.Sprintf("unicorn opens what its configuration names with another address, and serves what it is given (listen exactly on: %s)", listing(in, bindText))}
}

func pumaNotes(in Input) []string {
	out := []string{fmt.Sprintf("puma takes a socket only where a bind is the same text, and closes the others (bind exactly: %s)", listing(in, Socket.bindURL))}
	return append(out, each(in, Socket.isPath, func(s Socket) string {
		return fmt.Sprintf("puma removes %s, the path of listener %q, where no bind names it (supervise puts it back)", s.Path, s.Name)
	})...)
}

func nghttpxNotes(in Input) []string {
	return []string{fmt.Sprintf("nghttpx takes a socket only where a frontend names the same address, and closes the others (--frontend exactly: %s)", listing(in, commaText))}
}

func tableflipNotes(in Input) []string {
	return each(in, Socket.hasFile, func(s Socket) string {
		return fmt.Sprintf("a tableflip program that ends by Stop removes %s, the path of listener %q (supervise puts it back)", s.Path, s.Name)
	})
}

func endlessNotes(in Input) []string {
	if len(in.Sockets) < 2 {
		return nil
	}
	return []string{"an endless program takes its sockets in the order in which it makes its servers (list the listeners in that order)"}
}

func graceNotes(in Input) []string {
	return []string{fmt.Sprintf("a grace program takes a socket only where it serves the same address, and opens another one otherwise (serve exactly: %s)", listing(in, bindText))}
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
