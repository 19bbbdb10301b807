package drill

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

// serve handles each connection of a new listener with handle, which need not close it. It ends with the test.
func serve(t testing.TB, network, address string, handle func(net.Conn)) Target {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			group.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); group.Wait() })
	return Target{network, l.Addr().String()}
}

// serveTCP is serve on port 0 of the loopback address.
func serveTCP(t testing.TB, handle func(net.Conn)) Target {
	return serve(t, "tcp", "127.0.0.1:0", handle)
}

// readRequest takes the whole request, so that a close after it is no reset.
func readRequest(c net.Conn) bool {
	_, err := http.ReadRequest(bufio.NewReaderSize(c, 512))
	return err == nil
}

// reply is a server that says text to each request and closes.
func reply(text string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c) {
			_, _ = io.WriteString(c, text)
		}
	}
}
