// Command server-starter takes its listener with github.com/lestrrat/go-server-starter.
package main

import (
	"context"
	"fmt"

	"github.com/lestrrat/go-server-starter/listener"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	listeners, err := listener.ListenAll()
	hello.Must(err)
	fmt.Println("listening")
	hello.Must(worker.Serve(ctx, hello.Server(), listeners[0]))
}
