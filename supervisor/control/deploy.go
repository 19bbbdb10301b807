package control

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// restartBody is what may be asked of a restart. No canary is the configured one.
type restartBody struct {
	Canary string `json:"canary,omitempty"` // "5%"
	For    string `json:"for,omitempty"`    // "10m"
}

// canaryBody is c as a request has it.
func canaryBody(c config.Canary) restartBody {
	b := restartBody{Canary: fmt.Sprintf("%.9g%%", c.Share*100)}
	if c.For > 0 {
		b.For = c.For.String()
	}
	return b
}

// read gives the canary that a request asks for; nil for none.
func (b restartBody) read() (*config.Canary, error) {
	switch {
	case b.Canary == "" && b.For != "":
		return nil, bad(http.StatusBadRequest, `the body says for how long and not which share: {"canary":"5%%","for":"10m"}`)
	case b.Canary == "":
		return nil, nil
	}
	share, err := config.ParseShare(b.Canary)
	if err != nil {
		return nil, bad(http.StatusBadRequest, "%v", err)
	}
	c := &config.Canary{Share: share}
	if b.For == "" {
		return c, nil
	}
	c.For, err = time.ParseDuration(b.For)
	if err != nil || c.For <= 0 {
		return nil, bad(http.StatusBadRequest, `cannot use for: %q is no duration (write one like "10m")`, b.For)
	}
	return c, nil
}

func (s *Server) restart(w http.ResponseWriter, r *request) error {
	var body restartBody
	if err := r.body(w, &body); err != nil {
		return err
	}
	canary, err := body.read()
	if err != nil {
		return err
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		if canary != nil {
			return nil, s.backend.RestartCanary(ctx, r.name, *canary, report)
		}
		return nil, s.backend.Restart(ctx, r.name, report)
	})
}

func (s *Server) promote(w http.ResponseWriter, r *request) error {
	var body struct {
		Retire bool `json:"retire"`
	}
	if err := r.body(w, &body); err != nil {
		return err
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		return nil, s.backend.Promote(ctx, r.name, body.Retire, report)
	})
}

func (s *Server) rollback(w http.ResponseWriter, r *request) error {
	return s.named(w, r, s.backend.Rollback)
}

// RestartCanary is Restart with a canary in place of the configured one. One without an end is not waited for.
func (c *Client) RestartCanary(ctx context.Context, name string, canary config.Canary, report func(supervisor.Event)) error {
	return c.service(ctx, name, "restart", canaryBody(canary), report)
}

// Promote ends a canary and waits as Restart does, or returns to the newer generation after a rollback. With retire the older one is
// not kept.
func (c *Client) Promote(ctx context.Context, name string, retire bool, report func(supervisor.Event)) error {
	return c.service(ctx, name, "promote", map[string]bool{"retire": retire}, report)
}

// Rollback gives up the rollout that is going on, or returns to the generation that is kept.
func (c *Client) Rollback(ctx context.Context, name string, report func(supervisor.Event)) error {
	return c.service(ctx, name, "rollback", nil, report)
}

// RestartCanary is Restart with a canary in place of the configured one. One without an end is not waited for.
func (p *Patient) RestartCanary(ctx context.Context, name string, canary config.Canary, report func(supervisor.Event)) error {
	return p.service(name, judgeRestart, report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.RestartCanary(ctx, name, canary, report)
	})
}

// Promote ends a canary and waits as Restart does, or returns to the newer generation after a rollback. With retire the older one is
// not kept.
func (p *Patient) Promote(ctx context.Context, name string, retire bool, report func(supervisor.Event)) error {
	return p.service(name, judgePromote(retire), report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Promote(ctx, name, retire, report)
	})
}

// Rollback gives up the rollout that is going on, or returns to the generation that is kept.
func (p *Patient) Rollback(ctx context.Context, name string, report func(supervisor.Event)) error {
	return p.service(name, judgeRollback, report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Rollback(ctx, name, report)
	})
}

// judgePromote looks at the newest generation that there was: it had its canary, or was kept, or was the current one already.
func judgePromote(retire bool) func(before, now supervisor.ServiceStatus) verdict {
	return func(before, now supervisor.ServiceStatus) verdict {
		mine, r := before.Newest, now.Rollout
		switch {
		case r != nil && r.To == mine && r.Step != "canary" && r.Step != "rollback":
			return verdict{state: pending}
		case r != nil && r.To == mine && r.Step == "canary":
			return verdict{state: unknown}
		case now.Generation >= mine && retire && now.Kept != nil && now.Kept.Until.IsZero():
			return verdict{state: pending}
		case now.Generation >= mine && retire && now.Kept != nil:
			return verdict{state: unknown}
		case now.Generation >= mine:
			return verdict{state: done}
		case isStopped(now):
			return stoppedMeanwhile(now)
		case before.Rollout != nil && now.RolledBack != "" && now.Kept == nil:
			return verdict{state: failed, reason: now.RolledBack, generation: mine}
		}
		return verdict{state: unknown}
	}
}

// judgeRollback looks for a rollback that was not there before.
func judgeRollback(before, now supervisor.ServiceStatus) verdict {
	switch {
	case isRolledBack(before, now):
		return verdict{state: done}
	case isStopped(now) && !isStopped(before):
		return stoppedMeanwhile(now)
	}
	return verdict{state: unknown}
}
