// Command tableflip takes its listener with github.com/cloudflare/tableflip.
package main

import (
	"context"
	"os"

	"github.com/cloudflare/tableflip"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	upg, err := tableflip.New(tableflip.Options{})
	hello.Must(err)
	defer upg.Stop()
	l, err := upg.Listen("tcp", os.Args[1])
	hello.Must(err)
	hello.Must(upg.Ready())
	hello.Must(worker.Serve(ctx, hello.Server(), l))
}
