package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Options say what Run does. Targets is required; zero values of the rest are as given.
type Options struct {
	Targets     []Target      // attempts take turns
	Clients     int           // how many connect at the same time; default 16
	HTTP        string        // path to GET, "/" or longer; "" = connect only
	Timeout     time.Duration // for one whole attempt; default 10s
	Restarts    int           // default 0: only load
	Connections int           // at least so many attempts; default 20000

	// Restart does restart n (1..Restarts) and returns when it is complete. Run makes one call at a time. An error ends the drill.
	Restart func(ctx context.Context, n int) error

	// Progress is called about a hundred times and around each restart, or, where there is a Tick, whenever that gives a value; one
	// call at a time. The load waits for it: it must be quick.
	Progress func(Progress)
	// Tick is a clock, which says something also while nothing is answered. The caller stops it, after Run.
	Tick <-chan time.Time
}

// Progress is how far a drill is.
type Progress struct {
	Attempts, Connections int // made, and wanted at least
	Restarts, Planned     int // complete, and wanted
	Restarting            int // number of the restart going on; 0: none
	Lost                  int
}

const (
	defaultClients     = 16
	defaultTimeout     = 10 * time.Second
	defaultConnections = 20000
)

func (o *Options) complete() error {
	if o.Clients == 0 {
		o.Clients = defaultClients
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Connections == 0 {
		o.Connections = defaultConnections
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	switch {
	case len(o.Targets) == 0:
		return errors.New("cannot drill: there is nothing to connect to")
	case o.Clients < 0 || o.Timeout < 0 || o.Connections < 0 || o.Restarts < 0:
		return errors.New("cannot drill: a number is negative")
	case o.Restarts > 0 && o.Restart == nil:
		return errors.New("cannot drill: nobody to restart the service")
	case o.HTTP != "" && !IsPath(o.HTTP):
		return fmt.Errorf(`cannot drill HTTP path %q: it must begin with "/" and hold no spaces or control characters`, o.HTTP)
	}
	return nil
}

// IsPath is whether s can be Options.HTTP.
func IsPath(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}
