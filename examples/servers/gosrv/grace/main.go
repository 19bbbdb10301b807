// Command grace serves with github.com/facebookgo/grace, which drains by itself.
package main

import (
	"net/http"
	"os"

	"github.com/facebookgo/grace/gracehttp"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
)

func main() {
	hello.Must(gracehttp.Serve(&http.Server{Addr: os.Args[1], Handler: hello.Handler()}))
}
