package control

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// upgrading is a manager to which an upgrade has led, and that has not said so yet.
func upgrading() *manager {
	m := newManager(running(4))
	m.status.Upgrading = true
	return m
}

func TestUpgrade(t *testing.T) {
	taken := event(supervisor.KindTakenOver, "taken over")
	upgraded := event(supervisor.KindUpgraded, "upgraded")
	late := event(supervisor.KindUpgradeFailed, "the program before goes on")
	late.Error = "it exited"
	for name, c := range map[string]struct {
		next func() []*manager // after the one that is asked
		want string            // of the error; "" for none
		told []string          // messages
	}{
		"complete": {func() []*manager {
			m := newManager(running(4))
			m.become(running(4), stamped(taken, upgraded)...)
			return []*manager{m}
		}, "", []string{"taken over", "upgraded"}},
		"complete in a moment": {func() []*manager {
			m := upgrading()
			go func() {
				<-m.asked
				m.become(running(4), stamped(taken, upgraded)...)
			}()
			return []*manager{m}
		}, "", []string{"taken over", "upgraded"}},
		"failed after it had taken over": {func() []*manager {
			m, old := upgrading(), newManager(running(4))
			go func() {
				<-m.asked
				m.kill()
			}()
			old.become(running(4), stamped(taken, late)...)
			return []*manager{m, old}
		}, "cannot upgrade: the program before goes on: it exited", []string{"taken over"}},
		"the one that was asked ended of something else": {func() []*manager {
			again, m := newManager(running(4)), newManager(running(4))
			again.run = again.dies()
			again.become(running(4), stamped(taken)...)
			m.become(running(4), stamped(taken, upgraded)...)
			return []*manager{again, m}
		}, "", []string{"taken over", "taken over", "upgraded"}},
		"again and again": {func() []*manager {
			again, m := newManager(running(4)), newManager(running(4))
			again.run = again.dies()
			return []*manager{again, m}
		}, "replaced twice", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			first := newManager(running(4))
			first.run = first.dies()
			h.follow(append([]*manager{first}, c.next()...)...)
			var told []string
			err := h.patient.Upgrade(t.Context(), func(e supervisor.Event) { told = append(told, e.Message) })
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if d := cmp.Diff(c.told, told); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestUpgradeIsRefused(t *testing.T) {
	h := newHouse(t)
	only := newManager(running(4))
	only.run = func(_ context.Context, report func(supervisor.Event)) error {
		report(event(supervisor.KindUpgradeTry, "tries"))
		return errors.New("cannot upgrade to x: it is a folder; nothing has changed")
	}
	h.follow(only)
	var told []string
	err := h.patient.Upgrade(t.Context(), func(e supervisor.Event) { told = append(told, e.Message) })
	var refused *Error
	if !errors.As(err, &refused) || refused.Result.Code != CodeFailed || !slices.Equal(told, []string{"tries"}) {
		t.Errorf("%v after %q", err, told)
	}
}

func TestUpgradeEndsWithSupervise(t *testing.T) {
	h := newHouse(t)
	only := newManager(running(4))
	only.run = func(ctx context.Context, _ func(supervisor.Event)) error {
		h.socket.Close()
		return only.dies()(ctx, nil)
	}
	h.follow(only)
	if err := h.patient.Upgrade(t.Context(), nil); !Gone(err) {
		t.Error(err)
	}
}
