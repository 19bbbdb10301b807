// Command goagain takes its listener with github.com/rcrowley/goagain.
package main

import (
	"context"

	"github.com/rcrowley/goagain"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	l, err := goagain.Listener()
	hello.Must(err)
	hello.Must(goagain.Kill()) // the parent that is to be replaced
	hello.Must(worker.Serve(ctx, hello.Server(), l))
}
