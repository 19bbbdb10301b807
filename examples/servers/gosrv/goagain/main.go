// Command goagain takes its listener with github.com/rcrowley/goagain.
package main

import (
	"context"
	"os"
	"syscall"

	"github.com/rcrowley/goagain"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	l, err := goagain.Listener()
	hello.Must(err)
	// goagain closes descriptor 3 under an os.File, whose finalizer closes the number again: a connection would be lost that has it
	// then. This has it then.
	_, err = syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	hello.Must(err)
	hello.Must(goagain.Kill()) // the parent that is to be replaced
	hello.Must(worker.Serve(ctx, hello.Server(), l))
}
