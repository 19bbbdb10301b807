package supervisor

import (
	"context"
	"os"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// logs gives the log of one service, or of all in the order of the file, and what is closed when no line will come any more.
func (m *Manager) logs(ctx context.Context, name string) ([]*output.Log, <-chan struct{}, error) {
	if name != "" {
		s, err := m.find(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		return []*output.Log{s.log}, s.done, nil
	}
	var out []*output.Log
	err := m.ask(ctx, func() {
		for _, cfg := range m.config.Services {
			if s := m.services[cfg.Name]; s != nil {
				out = append(out, s.log)
			}
		}
	})
	return out, m.done, err
}

// logPrefix begins the names of the files in which the keeper holds the lines of services.
const logPrefix = "log/"

// logOf is the log of a service, with the lines that it had under the manager before. Where its file cannot be made the lines
// live as long as this process.
func (m *Manager) logOf(service string) (*output.Log, *os.File) {
	name := logPrefix + service
	if f := m.host.found.file(name); f != nil {
		if log, err := output.RestoreLog(logLines, f); err == nil {
			return log, f
		}
		f.Close()
	}
	log := output.NewLog(logLines)
	f, err := fdpass.NewMemory(name)
	if err != nil {
		return log, nil
	}
	d, err := fdpass.FromFile(f)
	if err == nil {
		err = m.o.Keeper.Hold(name, d)
		d.Close()
	}
	if err != nil {
		f.Close()
		m.o.Log.Warn("lines of a service do not outlive this manager", "service", service, "error", err)
		return log, nil
	}
	log.Keep(f)
	return log, f
}

// until is ctx that ends also when end is closed.
func until(ctx context.Context, end <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-end:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// lastOfAll merges the last n lines of several logs by time, and gives the number of the next line of each.
func lastOfAll(logs []*output.Log, n int) (lines []output.Line, next []uint64) {
	for _, l := range logs {
		last, at := l.Tail(n)
		lines, next = append(lines, last...), append(next, at)
	}
	slices.SortStableFunc(lines, func(a, b output.Line) int { return a.Time.Compare(b.Time) })
	return lines[max(0, len(lines)-n):], next
}

// followAll follows several logs at once. The lines that are there already come first, merged by time.
func followAll(ctx context.Context, logs []*output.Log, n int, emit func(output.Line) error) error {
	if len(logs) == 1 {
		return logs[0].Follow(ctx, n, emit)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lines, next := lastOfAll(logs, n)
	for _, line := range lines {
		if err := emit(line); err != nil {
			return err
		}
	}
	var one sync.Mutex // emit is not called twice at a time
	var all sync.WaitGroup
	for i, l := range logs {
		all.Go(func() {
			err := l.FollowFrom(ctx, next[i], func(line output.Line) error {
				one.Lock()
				defer one.Unlock()
				return emit(line)
			})
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != context.Canceled && err != context.DeadlineExceeded {
		return err
	}
	return nil
}

// logEvent writes an event to the log: the message is the phrase, the facts are pairs.
func logEvent(log hclog.Logger, e Event) {
	var facts []any
	add := func(key string, value any, there bool) {
		if there {
			facts = append(facts, key, value)
		}
	}
	add("service", e.Service, e.Service != "")
	add("generation", e.Generation, e.Generation != 0)
	if e.Worker != nil {
		facts = append(facts, "worker", *e.Worker)
	}
	add("pid", e.PID, e.PID != 0)
	add("listener", e.Listener, e.Listener != "")
	add(errorKey(e), e.Error, e.Error != "")
	log.Log(levelOf(e), e.Message, facts...)
}

// errorKey is what an event's error is in the log. What somebody has asked for is none.
func errorKey(e Event) string {
	if e.wanted() {
		return "reason"
	}
	return "error"
}

func levelOf(e Event) hclog.Level {
	if e.wanted() {
		return hclog.Info
	}
	switch e.Kind {
	case KindRollback, KindWorkerFailed, KindHookFailed, KindReloadFailed, KindNotSaved, KindUpgradeFailed:
		return hclog.Error
	case KindWorkerKilled, KindWorkerBackoff, KindWorkerIgnored, KindWorkerClosed, KindWorkerUnhealthy, KindNotSteered:
		return hclog.Warn
	case KindWorkerStarted, KindWorkerDraining, KindWorkerExited:
		return hclog.Debug
	}
	return hclog.Info
}
