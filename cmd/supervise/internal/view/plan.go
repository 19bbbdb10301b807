package view

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Plan is what `supervise check` shows, and with --json prints.
type Plan struct {
	Config    string         `json:"config"` // "" without a file
	System    string         `json:"system"` // for which it is, as in runtime.GOOS
	Control   string         `json:"control"`
	Listeners []PlanListener `json:"listeners"`
	Services  []PlanService  `json:"services"`
	Serves    []PlanServe    `json:"serves,omitempty"`
	Warnings  []string       `json:"warnings"`
}

// PlanListener is a listener that would be opened.
type PlanListener struct {
	Name     string             `json:"name"`
	Address  string             `json:"address"`
	TakeFrom string             `json:"take_from,omitempty"`
	Sharing  string             `json:"sharing"`
	Backlog  supervisor.Backlog `json:"backlog"`
	Limit    int                `json:"backlog_limit,omitempty"` // of the running kernel
	Options  map[string]string  `json:"options,omitempty"`
	Where    string             `json:"where,omitempty"`
}

// PlanService is a service that would be started.
type PlanService struct {
	Name     string                  `json:"name"`
	Where    string                  `json:"where,omitempty"`
	Preset   string                  `json:"preset,omitempty"`
	Handoff  []string                `json:"handoff"`
	Strategy string                  `json:"strategy"`
	Canary   string                  `json:"canary,omitempty"`   // "5% for 10m0s"; "" for none
	KeepOld  string                  `json:"keep_old,omitempty"` // how long the generation before is kept; "" for not at all
	Ready    string                  `json:"ready"`              // when
	Timeout  string                  `json:"ready_timeout"`
	Stop     string                  `json:"stop"`                 // signal
	Drain    string                  `json:"stop_drain,omitempty"` // "" where stop does not wait for connections
	Ending   string                  `json:"stop_timeout"`
	Workers  []supervisor.WorkerPlan `json:"workers"`
}

// PlanServe is a socket at which others would get listeners.
type PlanServe struct {
	Name      string   `json:"name"`
	Protocol  string   `json:"protocol"`
	Address   string   `json:"address"`
	Listeners []string `json:"listeners"`
	Mode      string   `json:"mode,omitempty"`
	Group     string   `json:"group,omitempty"`
	Users     []string `json:"users,omitempty"`
	Store     []string `json:"store,omitempty"`
	Where     string   `json:"where,omitempty"`
}

// String shows a plan.
func (pl Plan) String(p Paint) string {
	var b strings.Builder
	name := pl.Config
	if name == "" {
		name = "(no configuration file)"
	}
	fmt.Fprintf(&b, "%s  %s, %s, control %s\n", p.Bold(name), count(len(pl.Listeners), "listener"), count(len(pl.Services), "service"), pl.Control)
	if pl.System != "" && pl.System != runtime.GOOS {
		fmt.Fprintf(&b, "as it would be on %s\n", config.SystemName(pl.System))
	}
	for _, l := range pl.Listeners {
		b.WriteString("\n" + l.text(p))
	}
	for _, s := range pl.Services {
		b.WriteString("\n" + s.text(p))
	}
	for _, s := range pl.Serves {
		b.WriteString("\n" + s.text(p))
	}
	for _, w := range pl.Warnings {
		b.WriteString("\n" + p.Warn(Lines(w)) + "\n")
	}
	return b.String()
}

// Lines is Clean for text of several lines.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (l PlanListener) text(p Paint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "listener %s  %s\n", p.Bold(l.Name), l.Address)
	var t Table
	t.Row("", "", "")
	switch {
	case l.Limit > 0:
		t.Row(" ", p.Faint("backlog"), l.backlog(p))
	case l.Backlog.Configured > 0:
		t.Row(" ", p.Faint("backlog"), strconv.Itoa(l.Backlog.Configured))
	}
	if text := l.sharing(); text != "" {
		t.Row(" ", p.Faint("sharing"), text)
	}
	if l.TakeFrom != "" {
		t.Row(" ", p.Faint("taken from"), Clean(l.TakeFrom))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Options)) {
		t.Row(" ", p.Faint(name), l.Options[name])
	}
	return b.String() + strings.TrimPrefix(t.String(), "\n")
}

// backlog says what the kernel will make of the number, see listen(2).
func (l PlanListener) backlog(p Paint) string {
	asked := strconv.Itoa(l.Backlog.Configured)
	if l.Backlog.Configured == 0 {
		asked = "max"
	}
	if l.Backlog.Configured > l.Backlog.Effective {
		return p.Warn(fmt.Sprintf("%s, cut to %d by net.core.somaxconn", asked, l.Backlog.Effective))
	}
	if l.Backlog.Configured == 0 {
		return fmt.Sprintf("max, which is %d here (net.core.somaxconn)", l.Backlog.Effective)
	}
	return fmt.Sprintf("%s (net.core.somaxconn allows %d)", asked, l.Limit)
}

func (s PlanServe) text(p Paint) string {
	var t Table
	t.Row("", "", "")
	for _, row := range [][2]string{
		{"listeners", strings.Join(s.Listeners, ", ")}, {"mode", s.Mode}, {"group", s.Group},
		{"users", strings.Join(s.Users, ", ")}, {"store", strings.Join(s.Store, ", ")},
	} {
		if row[1] != "" {
			t.Row(" ", p.Faint(row[0]), Clean(row[1]))
		}
	}
	return fmt.Sprintf("serve %s  %s at %s\n", p.Bold(s.Name), s.Protocol, s.Address) + strings.TrimPrefix(t.String(), "\n")
}

func (s PlanService) text(p Paint) string {
	var b strings.Builder
	preset := ""
	if s.Preset != "" {
		preset = "preset " + s.Preset + ", "
	}
	rollout := s.Strategy
	if s.Canary != "" {
		rollout += ", canary " + s.Canary
	}
	if s.KeepOld != "" {
		rollout += ", old one kept for " + s.KeepOld
	}
	drain := ""
	if s.Drain != "" {
		drain = fmt.Sprintf("drain within %s, ", s.Drain)
	}
	fmt.Fprintf(&b, "service %s  %s%s, handoff %s, rollout %s, ready %s within %s, %sstop %s within %s\n",
		p.Bold(s.Name), preset, count(len(s.Workers), "worker"), cmp.Or(strings.Join(s.Handoff, "+"), "none"), rollout, s.Ready, s.Timeout, drain, s.Stop, s.Ending)
	for i := 0; i < len(s.Workers); {
		alike := 1
		for i+alike < len(s.Workers) && sameWorker(s.Workers[i], s.Workers[i+alike]) {
			alike++
		}
		b.WriteString(worker(s.Workers[i], alike, p))
		i += alike
	}
	return b.String()
}

// sameWorker is whether two workers differ in nothing but variables that hold their own number.
func sameWorker(a, b supervisor.WorkerPlan) bool {
	return slices.Equal(a.Command, b.Command) && a.Directory == b.Directory && a.User == b.User && slices.Equal(a.Files, b.Files) &&
		a.Parent == b.Parent && slices.Equal(a.Adopts, b.Adopts) && slices.Equal(a.Checks, b.Checks) && slices.Equal(a.Warnings, b.Warnings) && slices.Equal(a.Notes, b.Notes)
}

// worker shows one, and how many more are like it.
func worker(w supervisor.WorkerPlan, alike int, p Paint) string {
	title := fmt.Sprintf("worker %d", w.Worker)
	if alike > 1 {
		title = fmt.Sprintf("worker %d, and the same up to worker %d with its own number in the variables", w.Worker, w.Worker+alike-1)
	}
	var t Table
	t.Row("", "", "")
	t.Row("   ", p.Faint("command"), Command(w.Command))
	t.Row("   ", p.Faint("directory"), w.Directory)
	if w.User != "" {
		t.Row("   ", p.Faint("user"), w.User)
	}
	for _, f := range w.Files {
		what := f.What
		if f.Listener != "" {
			what = fmt.Sprintf("%s  %s", p.Good("listener "+f.Listener), f.What)
		}
		t.Row("   ", p.Faint(fileLabel(f, w.Handles)), what)
	}
	for _, l := range w.Limits {
		t.Row("   ", p.Faint("limit"), l)
	}
	for _, s := range w.Serves {
		t.Row("   ", p.Faint("served"), fmt.Sprintf("%s at %s", s.Protocol, Clean(s.Path)))
	}
	if len(w.Adopts) > 0 {
		t.Row("   ", p.Faint("adopt"), "bind and listen of the program are answered with supervise's sockets")
	}
	for _, a := range w.Adopts {
		t.Row("   ", p.Faint(a.Mode), fmt.Sprintf("%s  %s: %s", p.Good("listener "+a.Listener), a.Address, a.What))
	}
	if w.Parent != "" {
		t.Row("   ", p.Faint("parent"), w.Parent)
	}
	for _, check := range w.Checks {
		t.Row("   ", p.Faint("health"), Clean(check))
	}
	for _, e := range w.Env {
		t.Row("   ", p.Faint("env"), Clean(e))
	}
	for _, text := range w.Warnings {
		t.Row("   ", p.Warn("warning"), Clean(text))
	}
	for _, text := range w.Notes {
		t.Row("   ", p.Faint("note"), Clean(text))
	}
	return "  " + title + "\n" + strings.TrimPrefix(t.String(), "\n")
}

// fileLabel is a descriptor's number. Handles have none but the three that every program has.
func fileLabel(f supervisor.PlannedFile, handles bool) string {
	switch standard := []string{"stdin", "stdout", "stderr"}; {
	case !handles:
		return fmt.Sprintf("fd %d", f.FD)
	case f.FD < len(standard):
		return standard[f.FD]
	}
	return "handle"
}

// Command gives a command so that it can be pasted into a shell.
func Command(argv []string) string {
	quoted := make([]string, len(argv))
	for i, a := range argv {
		quoted[i] = quote(a)
	}
	return Clean(strings.Join(quoted, " "))
}

func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
