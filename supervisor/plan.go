package supervisor

import (
	"errors"
	"maps"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
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
	// Serves are the sockets in its runtime folder at which it can ask for its listeners.
	Serves []PlannedSocket `json:"serves,omitempty"`
	// Parent says what stands between the keeper and the worker; "" for nothing.
	Parent string `json:"parent,omitempty"`
	// Warnings are what goes wrong with its handoff, a sentence each.
	Warnings []string `json:"warnings,omitempty"`
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
	What     string `json:"what"` // a listener's address, "/dev/null", "output", "readiness pipe"
}

// Plan works out what the first generation of every service would be. It opens nothing. The plans that could be made are
// returned also with an error, which joins the problems of the others.
func Plan(c *config.Config, environ []string, runtimeDir string) ([]WorkerPlan, error) {
	h := newHost(Options{Environ: environ, RuntimeDir: runtimeDir})
	var plans []WorkerPlan
	var problems []error
	for _, cfg := range c.Services {
		if _, err := identify(cfg); err != nil {
			problems = append(problems, err)
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
	l, err := layoutOf(s, h.around(h.folder(s)))
	if err != nil {
		return WorkerPlan{}, err
	}
	added := pairs(nil)
	maps.Copy(added, l.resolved.Environment)
	maps.Copy(added, given(s, l))
	added["NOTIFY_SOCKET"] = h.folder(s) + ".notify"
	for _, name := range l.handoff.OwnPID {
		added[name] = "(its process number)"
	}
	for _, name := range l.handoff.ParentPID {
		added[name] = "(supervise's process number)"
	}
	return WorkerPlan{
		Service: s.service.Name, Worker: s.index, Command: l.resolved.Command, Directory: l.resolved.Directory,
		User: s.service.User, Env: list(added), Files: plannedFiles(s, l),
	}, nil
}

func plannedFiles(s spec, l layout) []PlannedFile {
	standard := map[int]string{0: "/dev/null", 1: "output", 2: "output"}
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
	if l.readyFD != 0 {
		files = append(files, PlannedFile{FD: l.readyFD, What: "readiness pipe"})
	}
	slices.SortFunc(files, func(a, b PlannedFile) int { return a.FD - b.FD })
	return files
}
