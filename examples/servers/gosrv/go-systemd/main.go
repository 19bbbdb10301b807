// Command go-systemd takes its listener with github.com/coreos/go-systemd.
package main

import (
	"context"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	ctx := worker.Stopping(context.Background())
	listeners, err := activation.ListenersWithNames()
	hello.Must(err)
	_, err = daemon.SdNotify(false, daemon.SdNotifyReady)
	hello.Must(err)
	hello.Must(worker.Serve(ctx, hello.Server(), listeners["web"][0]))
}
