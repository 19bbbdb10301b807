package dialect

// unicorn is how a unicorn or Rainbows! master hands its sockets to the next one.
//
//	UNICORN_FD="3,4"
//
// It takes every number for a socket to accept from, and keeps those whose address its configuration names.
//
// Source: unicorn lib/unicorn/http_server.rb, inherit_listeners!.
func unicorn() dialect {
	return dialect{name: "unicorn", tell: tellUnicorn, owns: isOneOf("UNICORN_FD"), notes: unicornNotes}
}

func tellUnicorn(in Input, fds []int) (words, error) {
	w := words{silent: silentUnless(in, rubyHas)}
	if list := numberList(in, fds, ",", rubyHas); list != "" {
		w.env = []string{"UNICORN_FD=" + list}
	}
	return w, nil
}

// rubyHas reports whether the socket is one of Ruby's TCPServer and UNIXServer.
func rubyHas(s Socket) bool { return s.isTCP() || s.Network == "unix" }
