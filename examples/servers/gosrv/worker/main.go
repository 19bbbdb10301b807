// Command worker serves with fdpass/worker.
package main

import (
	"context"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	l, err := worker.Listener("web")
	hello.Must(err)
	hello.Must(worker.Ready())
	hello.Must(worker.Serve(ctx, hello.Server(), l))
}
