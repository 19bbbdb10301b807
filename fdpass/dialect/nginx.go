package dialect

import "strings"

// nginx is how an nginx master hands its sockets to the next one, also in OpenResty and Tengine.
//
//	NGINX="3;4;"     every number is followed by ";" or ":", the last one, too
//
// nginx finds out by getsockname(2) which of its listen directives a socket belongs to, closes those that no
// directive names, and with the variable set does not go into the background.
//
// Source: nginx src/core/nginx.c, ngx_add_inherited_sockets; src/core/ngx_connection.c,
// ngx_set_inherited_sockets.
func nginx() dialect {
	return dialect{name: "nginx", tell: tellNginx("NGINX"), owns: isOneOf("NGINX"), notes: nginxNotes}
}

// angie is the same in Angie, which renamed the variable.
//
// Source: Angie src/core/angie.c; webserver-llc/angie#128.
func angie() dialect {
	return dialect{name: "angie", tell: tellNginx("ANGIE"), owns: isOneOf("ANGIE"), notes: nginxNotes}
}

func tellNginx(key string) func(Input, []int) (words, error) {
	return func(in Input, fds []int) (words, error) {
		w := words{silent: silentUnless(in, nginxHas)}
		if list := numberList(in, fds, ";", nginxHas); list != "" {
			w.env = []string{key + "=" + list + ";"}
		}
		return w, nil
	}
}

// nginxHas reports whether a listen directive can name the socket: TCP, UDP and unix ones, the latter with a file.
func nginxHas(s Socket) bool {
	return s.isTCP() || strings.HasPrefix(s.Network, "udp") || s.isPath()
}
