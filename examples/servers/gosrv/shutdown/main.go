// Command shutdown drains with nothing but http.Server.Shutdown.
package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	l, err := worker.Listener("web")
	hello.Must(err)
	server := hello.Server()
	drained := make(chan error)
	context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.Background()) })
	hello.Must(worker.Ready())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		hello.Must(err)
	}
	hello.Must(<-drained)
}
