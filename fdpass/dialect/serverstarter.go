package dialect

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// serverStarter is the convention of Perl's Server::Starter and its ports.
//
//	SERVER_STARTER_PORT="8080=3;127.0.0.1:8081=4;[::1]:8082=5;/run/x.sock=6"  SERVER_STARTER_GENERATION=1
//
// The key is what start_server was asked for: a port alone for the wildcard, host:port,
// or a path. [::]:port is kept for IPv6-only listeners, so that tcp4 and tcp6 on one
// port stay two keys of the hash that workers make of it.
//
// It has no words for datagram, abstract, vsock and fifo listeners, and these are left out:
// Server::Starter 0.35 writes a UDP port exactly like a TCP one, lestrrat's Go port
// writes "u8080", and older workers call accept(2) on whatever they find.
//
// Source: Server::Starter 0.35, start_server and server_ports; lestrrat/go-server-starter
// listener/listener.go; h2o lib/common/serverutil.c; Starlet's Server.pm.
func serverStarter() dialect {
	return dialect{name: "server-starter", tell: tellServerStarter, owns: ownsServerStarter, notes: serverStarterNotes}
}

func tellServerStarter(in Input, fds []int) (words, error) {
	var w words
	var pairs []string
	for i, s := range in.Sockets {
		key, ok, err := portKey(s)
		if err != nil {
			return words{}, err
		}
		if !ok {
			w.silent = append(w.silent, i)
			continue
		}
		pairs = append(pairs, key+"="+strconv.Itoa(fds[i]))
	}
	// h2o refuses to start with an empty SERVER_STARTER_PORT.
	if len(pairs) > 0 {
		w.env = []string{
			"SERVER_STARTER_PORT=" + strings.Join(pairs, ";"),
			"SERVER_STARTER_GENERATION=" + strconv.Itoa(in.Generation),
		}
	}
	return w, nil
}

func ownsServerStarter(key string) bool {
	return key == "SERVER_STARTER_PORT" || key == "SERVER_STARTER_GENERATION"
}

// portKey returns the key of a socket, or false if it has none.
func portKey(s Socket) (key string, ok bool, err error) {
	switch s.Network {
	case "tcp", "tcp4", "tcp6":
		return hostPort(s), true, nil
	case "unix":
		if strings.HasPrefix(s.Path, "@") {
			return "", false, nil
		}
		return s.Path, true, checkPath(s)
	}
	return "", false, nil
}

func hostPort(s Socket) string {
	port := strconv.Itoa(s.Port)
	if s.Network == "tcp6" && wildcard(s.Host) {
		return net.JoinHostPort("::", port)
	}
	if wildcard(s.Host) {
		return port
	}
	return net.JoinHostPort(s.Host, port)
}

// checkPath refuses paths that readers would cut elsewhere or take for a port: they split at
// ";" and "=", and test for /(.*):(\d+)$/ before they think of a path.
func checkPath(s Socket) error {
	if i := strings.IndexAny(s.Path, ";="); i >= 0 {
		return fmt.Errorf("path %q of listener %q contains %q, which separates entries there (choose another path, or leave this dialect out of handoff)",
			s.Path, s.Name, s.Path[i:i+1])
	}
	tail := s.Path[strings.LastIndexByte(s.Path, ':')+1:]
	if tail != "" && strings.Trim(tail, "0123456789") == "" {
		return fmt.Errorf("path %q of listener %q ends like a port (choose another path, or leave this dialect out of handoff)", s.Path, s.Name)
	}
	return nil
}
