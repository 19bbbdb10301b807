package dialect

import "fmt"

// stdin hands over one listening socket as descriptor 0 and says nothing, as FastCGI
// programs and inetd's "wait" services expect. Together with other conventions the same
// socket is at 3 too.
//
// Source: FastCGI 1.0, 2.2 (FCGI_LISTENSOCK_FILENO is 0); inetd(8), "wait"; s6's
// s6-tcpserver-socketbinder; uWSGI, which looks at descriptor 0 on its own.
func stdin() dialect {
	return dialect{name: "stdin", fds: fdsStdin}
}

func fdsStdin(in Input) ([]int, error) {
	if n := len(in.Sockets); n != 1 {
		return nil, fmt.Errorf("it passes exactly one listener, as descriptor 0, and the service has %d", n)
	}
	return []int{0}, nil
}
