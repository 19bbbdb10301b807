// Command grace serves with github.com/facebookgo/grace, which drains by itself.
package main

import (
	"net/http"
	"os"
	"syscall"

	"github.com/facebookgo/grace/gracehttp"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
)

func main() {
	hello.Insist(syscall.SIGTERM) // grace tells its parent that it serves, and listens to signals after that
	hello.Must(gracehttp.Serve(&http.Server{Addr: os.Args[1], Handler: hello.Handler()}))
}
