package main

import (
	"context"
	"errors"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// listen has no way to become another program, nor to be sent a socket over a pipe.
func (*app) listen(context.Context, *control.Client, []string, []string, []string) error {
	return &exitError{code: codeUsage, err: errors.New("cannot listen: not supported on windows, where no program becomes another one and pipes carry no sockets"),
		hint: "Run the command as a service of its own, with the same listener."}
}
