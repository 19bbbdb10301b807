package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Status gives the tables of `supervise status` as of now.
func Status(s supervisor.Status, now time.Time, p Paint) string {
	var b strings.Builder
	b.WriteString(headline(s, now, p) + "\n")
	for _, table := range []*Table{listeners(s, p), serves(s, p), services(s, now, p), workers(s, now, p)} {
		if !table.Empty() {
			b.WriteString("\n" + table.String())
		}
	}
	for _, svc := range s.Services {
		if svc.Reason != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", p.Bold(svc.Name), OneLine(svc.Reason))
		}
	}
	return b.String()
}

func headline(s supervisor.Status, now time.Time, p Paint) string {
	name := s.Config
	if name == "" {
		name = "(no configuration file)"
	}
	return fmt.Sprintf("%s  supervise %s, pid %d, up %s", p.Bold(name), s.Version, s.KeeperPID, Age(now.Sub(s.StartedAt)))
}

func head(p Paint, names ...string) []string {
	for i := range names {
		names[i] = p.Faint(names[i])
	}
	return names
}

func listeners(s supervisor.Status, p Paint) *Table {
	t := &Table{}
	t.Row(head(p, "LISTENER", "ADDRESS", "BACKLOG", "QUEUE", "HELD", "SERVICES", "NEW CONNECTIONS")...)
	for _, l := range s.Listeners {
		held := ""
		if l.Held {
			held = p.Warn("held")
		}
		t.Row(p.Bold(l.Name), l.Address, backlog(l.Backlog, p), queue(l, p), held, strings.Join(l.Services, ", "), steering(l))
	}
	return t
}

// backlog shows both numbers when they differ.
func backlog(b supervisor.Backlog, p Paint) string {
	switch {
	case b.Configured == 0 && b.Effective <= 0:
		return "-"
	case b.Effective < 0 || b.Effective == b.Configured:
		return strconv.Itoa(b.Configured)
	case b.Configured == 0:
		return strconv.Itoa(b.Effective)
	}
	return p.Warn(fmt.Sprintf("%d (of %d)", b.Effective, b.Configured))
}

func queue(l supervisor.ListenerStatus, p Paint) string {
	switch {
	case l.Queue < 0:
		return "-"
	case l.Backlog.Effective > 0 && l.Queue >= l.Backlog.Effective:
		return p.Bad(fmt.Sprintf("%d (full)", l.Queue))
	}
	return strconv.Itoa(l.Queue)
}

func serves(s supervisor.Status, p Paint) *Table {
	t := &Table{}
	t.Row(head(p, "SERVE", "PROTOCOL", "ADDRESS", "LISTENERS", "STORED", "CLIENTS")...)
	for _, k := range s.Serves {
		t.Row(p.Bold(k.Name), k.Protocol, k.Address, strings.Join(k.Listeners, ", "), strings.Join(k.Stored, ", "), strconv.Itoa(k.Clients))
	}
	return t
}

func services(s supervisor.Status, now time.Time, p Paint) *Table {
	t := &Table{}
	t.Row(head(p, "SERVICE", "STATE", "GENERATION", "READY", "RESTARTS", "ROLLOUT")...)
	for _, svc := range s.Services {
		ready, all := counted(svc)
		t.Row(p.Bold(svc.Name), p.State(svc.State), number(svc.Generation), fmt.Sprintf("%d/%d", ready, all), strconv.Itoa(svc.Restarts), rolloutText(svc, now))
	}
	return t
}

// rolloutText is what goes on with the generations of a service, and which one it can go back to.
func rolloutText(svc supervisor.ServiceStatus, now time.Time) string {
	var parts []string
	if r := svc.Rollout; r != nil {
		parts = append(parts, fmt.Sprintf("%d to %d: %s, %d of %d ready", r.From, r.To, stepText(r, now), r.Ready, r.Workers))
	}
	if k := svc.Kept; k != nil && k.Until.IsZero() {
		parts = append(parts, fmt.Sprintf("%d is being stopped", k.Generation))
	} else if k != nil {
		parts = append(parts, fmt.Sprintf("%d kept for %s", k.Generation, Age(k.Until.Sub(now))))
	}
	return strings.Join(parts, "; ")
}

// stepText is the step of a rollout, with the share that a canary gets.
func stepText(r *supervisor.RolloutStatus, now time.Time) string {
	if r.Share == 0 {
		return r.Step
	}
	text := r.Step + " " + strconv.FormatFloat(r.Share*100, 'g', 4, 64) + "%"
	if !r.Until.IsZero() {
		text += " for " + Age(r.Until.Sub(now))
	}
	return text
}

// counted is how many workers of the current generation are ready, of how many.
func counted(s supervisor.ServiceStatus) (ready, all int) {
	for _, w := range s.Workers {
		if w.Generation != s.Generation {
			continue
		}
		all++
		if w.Phase == "ready" {
			ready++
		}
	}
	return ready, all
}

func workers(s supervisor.Status, now time.Time, p Paint) *Table {
	t := &Table{}
	t.Row(head(p, "WORKER", "GENERATION", "PID", "PHASE", "AGE", "CONNECTIONS", "NOTE")...)
	for _, svc := range s.Services {
		for _, w := range svc.Workers {
			t.Row(fmt.Sprintf("%s/%d", svc.Name, w.Index), number(w.Generation), number(w.PID), p.State(phase(w)),
				age(w, now), connections(w), p.Faint(Clean(note(w, now))))
		}
	}
	return t
}

// phase calls waiting for the next start by its name.
func phase(w supervisor.WorkerStatus) string {
	if w.RetryAt != nil {
		return "backoff"
	}
	return w.Phase
}

func age(w supervisor.WorkerStatus, now time.Time) string {
	if w.StartedAt.IsZero() {
		return ""
	}
	return Age(now.Sub(w.StartedAt))
}

func note(w supervisor.WorkerStatus, now time.Time) string {
	var parts []string
	if w.RetryAt != nil {
		parts = append(parts, "starts in "+Age(w.RetryAt.Sub(now)))
	}
	if w.Health != "" && w.Health != "ok" {
		parts = append(parts, w.Health)
	}
	if w.Status != "" {
		parts = append(parts, w.Status)
	}
	for _, a := range w.Adopted {
		parts = append(parts, fmt.Sprintf("adopted %s (%s)", a.Listener, a.Mode))
	}
	if w.NotIntercepted != "" {
		parts = append(parts, "not intercepted: "+w.NotIntercepted)
	}
	if w.LastExit != "" {
		parts = append(parts, "the one before "+w.LastExit)
	}
	return strings.Join(parts, "; ")
}

// connections has a "?" for a worker that runs, and of which they are not known.
func connections(w supervisor.WorkerStatus) string {
	switch {
	case w.RetryAt != nil || w.PID == 0:
		return ""
	case w.Connections < 0:
		return "?"
	}
	return strconv.Itoa(w.Connections)
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// Age gives a duration in at most two units: 5s, 3m10s, 2h5m, 4d3h.
func Age(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	minutes, seconds := int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}
