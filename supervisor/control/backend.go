package control

import (
	"context"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// Backend is what the API drives, in the program a *supervisor.Manager. All methods may be called concurrently. report and
// emit are called in order, from one goroutine at a time; report never blocks.
type Backend interface {
	// Status gives the named services and their listeners, everything without names.
	Status(ctx context.Context, names []string) (supervisor.Status, error)
	Brief(ctx context.Context, names []string) (supervisor.Status, error)

	// These return when it is done. ctx is not the client's: it ends with the server.
	Restart(ctx context.Context, name string, report func(supervisor.Event)) error
	RestartCanary(ctx context.Context, name string, c config.Canary, report func(supervisor.Event)) error
	Promote(ctx context.Context, name string, retire bool, report func(supervisor.Event)) error
	Rollback(ctx context.Context, name string, report func(supervisor.Event)) error
	Start(ctx context.Context, name string, report func(supervisor.Event)) error
	Stop(ctx context.Context, name string, report func(supervisor.Event)) error
	Scale(ctx context.Context, name string, n int, report func(supervisor.Event)) error
	Signal(ctx context.Context, name, signal string) error
	Hold(ctx context.Context, listener string) error
	Release(ctx context.Context, listener string) error
	Reload(ctx context.Context, report func(supervisor.Event)) (config.Changes, error)
	// Take is Reload in which listeners are taken over from other programs.
	Take(ctx context.Context, from map[string]config.TakeFrom, report func(supervisor.Event)) (config.Changes, error)

	// Descriptors gives duplicates of the named listeners. The caller owns them.
	Descriptors(ctx context.Context, names []string) ([]fdpass.Named, error)

	// Upgrade replaces this program by the one on disk. It returns only when that was refused: else the process is ended.
	Upgrade(ctx context.Context, report func(supervisor.Event)) error

	// Events and Logs hand out what is recorded and, with follow, what comes, until ctx ends or emit fails.
	// They stop soon after emit returned an error, and return it.
	Events(ctx context.Context, follow bool, emit func(supervisor.Event) error) error
	Logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error
}
