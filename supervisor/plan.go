package supervisor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// WorkerPlan is what `supervise check` shows of a worker.
type WorkerPlan struct {
	Service   string        `json:"service"`
	Worker    int           `json:"worker"`
	Command   []string      `json:"command"`
	Directory string        `json:"directory"`
	User      string        `json:"user,omitempty"`
	Env       []string      `json:"env"` // what supervise adds to the environment it was started with
	Files     []PlannedFile `json:"files"`
	// Handles is whether sockets are Windows's handles: their numbers here are made up.
	Handles bool `json:"handles,omitempty"`
	// Limits are those of the worker, as they may be written.
	Limits []string `json:"limits,omitempty"`
	// Serves are the sockets in its runtime folder at which it can ask for its listeners.
	Serves []PlannedSocket `json:"serves,omitempty"`
	// Adopts are the listeners of a program that knows nothing of them: its bind and listen are answered with these.
	Adopts []PlannedAdoption `json:"adopts,omitempty"`
	// Parent says what stands between the keeper and the worker; "" for nothing.
	Parent string `json:"parent,omitempty"`
	// Checks are those of its health, a line each.
	Checks []string `json:"checks,omitempty"`
	// Warnings are what goes wrong with its handoff, a sentence each.
	Warnings []string `json:"warnings,omitempty"`
	// Notes are what its program wants of its own configuration, likewise.
	Notes []string `json:"notes,omitempty"`
}

// PlannedSocket is a socket that is served to one worker.
type PlannedSocket struct {
	Protocol string `json:"protocol"`
	Path     string `json:"path"`
}

// PlannedFile is one descriptor of a worker.
type PlannedFile struct {
	FD       int    `json:"fd"`
	Listener string `json:"listener,omitempty"`
	What     string `json:"what"` // a listener's address, "/dev/null", "output", "readiness pipe" and the like
}

// Plan works out what the first generation of every service would be. It opens nothing. The plans that could be made are
// returned also with an error, which joins the problems of the others.
func Plan(c *config.Config, environ []string, runtimeDir string) ([]WorkerPlan, error) {
	h := newHost(Options{Environ: environ, RuntimeDir: runtimeDir})
	var plans []WorkerPlan
	var problems []error
	for _, cfg := range c.Services {
		if _, err := identify(cfg); err != nil && !foreign(c) {
			problems = append(problems, cfg.Wrong(err.Error()))
		}
		for i := range cfg.Workers {
			p, err := h.planWorker(spec{service: cfg, all: c, generation: 1, index: i})
			if err != nil {
				problems = append(problems, err)
				break
			}
			plans = append(plans, p)
		}
	}
	return plans, errors.Join(problems...)
}

func (h *host) planWorker(s spec) (WorkerPlan, error) {
	around := h.around(h.plannedFolder(s))
	l, err := layoutOf(s, around)
	if err != nil {
		return WorkerPlan{}, err
	}
	return WorkerPlan{
		Service: s.service.Name, Worker: s.index, Command: l.resolved.Command, Directory: l.resolved.Directory,
		User: s.service.User, Env: list(h.added(s, l)), Files: plannedFiles(s, l), Handles: s.all.System == "windows",
		Limits: limitTexts(s.service), Serves: plannedSockets(l), Adopts: l.adoptions(s), Parent: l.parentText(),
		Checks:   l.checks(s),
		Warnings: warnings(s, l, around), Notes: l.notes(s, around),
	}, nil
}

// warnings are what will go wrong with a worker.
func warnings(s spec, l layout, around surroundings) []string {
	list := append(l.traps(s, around), l.adoptTraps(s)...)
	if missing := limitsHere(s.service); missing != "" && !foreign(s.all) {
		list = append(list, missing)
	}
	return list
}

// added is the environment beside what is inherited, and what is in files.
func (h *host) added(s spec, l layout) map[string]string {
	env := pairs(nil)
	for key := range leastEnvironment(h.environ) {
		if value, has := l.env[key]; has && !(s.service.InheritEnvironment && sets(h.environ, key)) {
			env[key] = value
		}
	}
	merge(env, l.resolved.Environment)
	if id, err := identify(s.service); err == nil && !foreign(s.all) {
		for key := range id.env {
			env[key] = id.environment(l)[key]
		}
	}
	maps.Copy(env, given(s, l))
	maps.Copy(env, h.told(s))
	if env["LISTEN_HANDLES"] != "" {
		env["LISTEN_HANDLES"] = "(the values of its handles)"
	}
	if env[readyHandle] != "" {
		env[readyHandle] = "(the value of its handle)"
	}
	if systemOf(s) != "windows" { // a job object there
		env["SUPERVISE_ID"] = "(a mark of its own)"
	}
	maps.Copy(env, l.bound())
	return env
}

// sets is whether an environment has a variable, and not an empty one.
func sets(environ []string, key string) bool {
	return slices.ContainsFunc(environ, func(e string) bool {
		name, value, _ := strings.Cut(e, "=")
		return sameName(name, key) && value != ""
	})
}

// told are the variables of what a worker can speak to, and hear from.
func (h *host) told(s spec) map[string]string {
	switch system := cmp.Or(s.all.System, runtime.GOOS); system {
	case "linux":
		return map[string]string{"NOTIFY_SOCKET": h.plannedFolder(s) + ".notify"}
	case "windows":
		return map[string]string{"NOTIFY_SOCKET": "(a named pipe of its own)", "STOP_EVENT": "(an event of its own)"}
	}
	return nil // nothing can be said there
}

// bound tells of the variables that only the worker's own stage knows.
func (l layout) bound() map[string]string {
	parent, env := "supervise's process number", map[string]string{}
	if l.handoff.Parent != nil {
		parent = "its parent's process number"
	}
	for what, names := range map[string][]string{
		"(its process number)": l.handoff.OwnPID, "(" + parent + ")": l.handoff.ParentPID,
		"parent:(" + parent + ")": l.handoff.ParentPIDPrefixed, "(the inode number of its pidfd)": l.handoff.OwnPIDFDID,
	} {
		for _, name := range names {
			env[name] = what
		}
	}
	for _, s := range l.handoff.Serve {
		if s.AddressEnv != "" {
			env[s.AddressEnv], env[s.SecretEnv] = "127.0.0.1:(a port)", "(a secret of its own)"
		}
	}
	return env
}

func plannedSockets(l layout) (list []PlannedSocket) {
	for _, s := range l.handoff.Serve {
		list = append(list, PlannedSocket{Protocol: s.Protocol, Path: cmp.Or(s.Path, "127.0.0.1, at a port that the kernel chooses")})
	}
	return list
}

// parentText says what stands between the keeper and the worker.
func (l layout) parentText() string {
	switch p := l.handoff.Parent; {
	case p == nil:
		return ""
	case p.Ready == 0:
		return "a small process that stays with the worker and takes its SIGUSR1 and SIGUSR2"
	case p.Stay:
		return fmt.Sprintf("a small process that stays with the worker and takes its %s for READY=1", signalName(p.Ready))
	default:
		return fmt.Sprintf("a small process that takes the worker's %s for READY=1 and goes away", signalName(p.Ready))
	}
}

// traps are sentences on what goes wrong with the handoff.
func (l layout) traps(s spec, around surroundings) []string {
	return dialect.Traps(s.service.Handoff, l.input(s, around))
}

// notes are sentences on what its program wants of its own configuration.
func (l layout) notes(s spec, around surroundings) []string {
	notes := dialect.Notes(s.service.Handoff, l.input(s, around))
	if s.service.Preset != "" {
		notes = append(notes, fmt.Sprintf("supervise presets %s tells what must stand in the program's own configuration", s.service.Preset))
	}
	return notes
}

func plannedFiles(s spec, l layout) []PlannedFile {
	standard := map[int]string{0: "/dev/null", 1: "output", 2: "output"}
	if s.all.System == "windows" {
		standard[0] = "NUL"
	}
	if s.service.Output.Kind == "inherit" {
		standard[1], standard[2] = "supervise's own output", "supervise's own error output"
	}
	var files []PlannedFile
	for _, n := range l.handoff.Numbers {
		name := s.service.Listeners[n.Socket]
		files = append(files, PlannedFile{FD: n.FD, Listener: name, What: s.socketAddress(n.Socket, name).String()})
		delete(standard, n.FD)
	}
	for fd, what := range standard {
		files = append(files, PlannedFile{FD: fd, What: what})
	}
	for i, c := range l.channels {
		files = append(files, PlannedFile{FD: c.FD, What: l.whatIs(i)})
	}
	slices.SortFunc(files, func(a, b PlannedFile) int { return a.FD - b.FD })
	return files
}

// signalName is that of a signal by which programs talk to their parent: those that every system has.
func signalName(sig syscall.Signal) string {
	for _, name := range []string{"SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"} {
		if n, known := config.SignalNumber(name); known && n == int(sig) {
			return name
		}
	}
	return "signal " + strconv.Itoa(int(sig))
}
