package supervisor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// host starts workers and hooks as real processes, through the keeper. It is the one runner outside tests.
type host struct {
	// fixed after newHost
	keeper     keeper.Keeper
	log        hclog.Logger
	printer    *output.Printer // nil: nowhere
	environ    []string
	runtimeDir string
	files      *outputFiles
	serial     *atomic.Uint64
}

func newHost(o Options) *host {
	return &host{
		keeper: o.Keeper, log: o.Log, printer: o.Output, environ: o.Environ, runtimeDir: o.RuntimeDir,
		files: &outputFiles{open: map[string]*sharedFile{}}, serial: new(atomic.Uint64),
	}
}

// start implements runner.
func (h *host) start(s spec, tell func(happening)) process {
	c := &child{host: h, spec: s, tell: tell, serial: h.serial.Add(1), born: time.Now()}
	go c.run()
	return c
}

// around is what supervise brings into the layout of a worker with this runtime folder.
func (h *host) around(runtimeDir string) surroundings {
	return surroundings{environ: h.environ, cpus: runtime.NumCPU(), runtimeDir: runtimeDir}
}

// maxPath is the longest path of a unix socket, unix(7), with a reserve for what is appended to it.
const maxPath = 100

// folder is the runtime folder of a worker. Its name is for people; where it would not fit beside a socket path, a number
// has to do.
func (h *host) folder(s spec, serial uint64) string {
	dir := filepath.Join(h.runtimeDir, fmt.Sprintf("%s.%d.%d", s.service.Name, s.generation, s.index))
	if len(dir) > maxPath-len(".notify") {
		dir = filepath.Join(h.runtimeDir, fmt.Sprintf("w%d", serial))
	}
	return dir
}

// stagePlan is what the stage has to do for a command of the service.
func stagePlan(s spec, l layout, id identity, command []string, env map[string]string) stage.Plan {
	p := stage.Plan{
		Command: command, Env: list(env), Directory: l.resolved.Directory,
		UID: id.uid, GID: id.gid, Groups: id.groups, Umask: s.service.Umask,
		Nice: s.service.Nice, OOMScoreAdjust: s.service.OOMScoreAdjust, NoNewPrivileges: s.service.NoNewPrivileges,
	}
	for _, limit := range s.service.Limits {
		p.Limits = append(p.Limits, stage.Limit(limit))
	}
	return p
}

// outputFiles are the files that processes write their output to. Several may share one; it is closed with the last of them.
type outputFiles struct {
	mu   sync.Mutex
	open map[string]*sharedFile
}

type sharedFile struct {
	*output.File
	users int
}

// get opens a file, or shares one that is open. Put gives it back.
func (f *outputFiles) get(path string) (*output.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared := f.open[path]
	if shared == nil {
		file, err := output.NewFile(path)
		if err != nil {
			return nil, err
		}
		shared = &sharedFile{File: file}
		f.open[path] = shared
	}
	shared.users++
	return shared.File, nil
}

func (f *outputFiles) put(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared := f.open[path]
	if shared.users--; shared.users == 0 {
		delete(f.open, path)
		_ = shared.Close()
	}
}

// reopen opens every file anew, after logrotate(8) has renamed it.
func (f *outputFiles) reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first error
	for _, file := range f.open {
		if err := file.Reopen(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
