package dialect

import "fmt"

// The conventions here pass no descriptor: the worker fetches its sockets from a unix socket in its runtime folder, which
// is served to it alone, and whose path is in its arguments or configuration (${worker.runtime_dir}).

// haproxy is for `haproxy -x ${worker.runtime_dir}/haproxy.sock`: it asks for the sockets as from an older HAProxy, and
// takes those whose address, namespace and interface equal a bind line.
//
// Source: HAProxy src/cli.c, _getsocks; src/sock.c, sock_get_old_sockets and sock_find_compatible_fd.
func haproxy() dialect { return served("haproxy", "haproxy.sock", Socket.isStream) }

// zerg is for `uwsgi --zerg ${worker.runtime_dir}/zerg.sock`: a worker that joins a zerg pool.
//
// Source: uWSGI core/socket.c, uwsgi_zerg_attach.
func zerg() dialect {
	d := served("zerg", "zerg.sock", func(s Socket) bool { return s.isTCP() || s.Network == "unix" })
	tell := d.tell
	d.tell = func(in Input, fds []int) (words, error) {
		if len(in.Sockets) > mostZerg {
			return words{}, fmt.Errorf("it has room for %d sockets, there are %d", mostZerg, len(in.Sockets))
		}
		return tell(in, fds)
	}
	return d
}

// mostZerg is how many descriptors go in the one message of the protocol: SCM_MAX_FD of Linux, unix(7).
const mostZerg = 253

// s6FDHolder is for s6-fdholder-retrieve(1) and its relatives; an identifier is a listener's name.
//
// Source: s6 src/fdholder/s6-fdholderd.c.
func s6FDHolder() dialect {
	d := served("s6-fdholder", "fdholder.sock", func(Socket) bool { return true })
	tell := d.tell
	d.tell = func(in Input, fds []int) (words, error) {
		for _, s := range in.Sockets {
			if err := checkName(s.Name); err != nil {
				return words{}, err
			}
		}
		return tell(in, fds)
	}
	return d
}

// multibinder is for GitHub's multibinder, whose programs ask by address and port.
//
//	MULTIBINDER_SOCK=/run/…/multibinder.sock
//
// Source: multibinder lib/multibinder.rb and bin/multibinder.
func multibinder() dialect {
	d := served("multibinder", "multibinder.sock", Socket.isTCP)
	d.owns = isOneOf("MULTIBINDER_SOCK")
	tell := d.tell
	d.tell = func(in Input, fds []int) (words, error) {
		w, err := tell(in, fds)
		for _, s := range w.serve {
			w.env = append(w.env, "MULTIBINDER_SOCK="+s.Path)
		}
		return w, err
	}
	return d
}

// served is a convention whose sockets are fetched from the socket file in the runtime folder.
func served(protocol, file string, has func(Socket) bool) dialect {
	return dialect{name: protocol, apart: true, tell: func(in Input, _ []int) (words, error) {
		w := words{silent: silentUnless(in, has)}
		if len(w.silent) == len(in.Sockets) {
			return w, nil
		}
		path, err := mustServe(in, file)
		if err != nil {
			return words{}, err
		}
		w.serve = []Served{{Protocol: protocol, Path: path}}
		return w, nil
	}}
}
