package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
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
	remake     func() error // makes runtimeDir when it is gone; may be nil
	remaking   *sync.Mutex
	files      *outputFiles
	serial     *atomic.Uint64 // of commands that check readiness
	found      *found         // what an earlier manager has left
	groups     *groups        // nil: there are none
	warned     *sync.Map      // for the name of a service, the *config.Service whose traps have been told
}

func newHost(o Options) *host {
	return &host{
		keeper: o.Keeper, log: o.Log, printer: o.Output, environ: o.Environ, runtimeDir: o.RuntimeDir, remake: o.RemakeRuntimeDir, remaking: new(sync.Mutex),
		files: &outputFiles{open: map[string]*sharedFile{}}, serial: new(atomic.Uint64), found: newFound(o.Before), warned: new(sync.Map),
	}
}

// start implements runner.
func (h *host) start(s spec, tell func(happening)) process {
	c := &child{host: h, spec: s, tell: tell, born: time.Now(), attended: make(chan struct{}), over: make(chan struct{})}
	c.process, c.left, c.inherited = h.found.process(s.id)
	if c.inherited { // it may be signalled before anything else of it is known
		handoff, _ := dialect.Combine(s.service.Handoff, layout{sockets: socketsOf(s)}.input(s, h.around(h.folder(s))))
		c.between = parentOf(handoff)
	}
	go c.run()
	return c
}

// connections implements runner.
func (h *host) connections(list []holder) []int { return connections(list) }

// around is what supervise brings into the layout of a worker with this runtime folder.
func (h *host) around(runtimeDir string) surroundings {
	return surroundings{environ: h.environ, cpus: runtime.NumCPU(), runtimeDir: runtimeDir}
}

// maxFolder is how long the path of a folder may be: the longest name of a socket in it has to fit into sun_path (107 bytes, unix(7)), too.
const maxFolder = 107 - len("/multibinder.sock")

// folder is the runtime folder of a worker. Its name is for people; where it would not fit beside a socket path, a number
// has to do.
func (h *host) folder(s spec) string {
	return h.folderNamed(fmt.Sprintf("%s.%d.%d", s.service.Name, s.generation, s.index))
}

func (h *host) folderNamed(name string) string {
	dir := filepath.Join(h.runtimeDir, name)
	if len(dir) > maxFolder {
		sum := sha256.Sum256([]byte(name))
		dir = filepath.Join(h.runtimeDir, "w"+hex.EncodeToString(sum[:6]))
	}
	return dir
}

// warnOf logs what goes wrong with a handoff, once for each configuration of a service.
func (h *host) warnOf(s spec, l layout, dir string) {
	if before, told := h.warned.Swap(s.service.Name, s.service); told && before == s.service {
		return
	}
	for _, trap := range l.traps(s, h.around(dir)) {
		h.log.Warn("handoff may go wrong", "service", s.service.Name, "generation", s.generation, "problem", trap)
	}
}

// makeFolder makes the folder of a worker, and the one around it if something has tidied that away.
func (h *host) makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if !errors.Is(err, os.ErrNotExist) || h.remake == nil {
		return err
	}
	h.remaking.Lock()
	defer h.remaking.Unlock()
	if _, err := os.Lstat(h.runtimeDir); errors.Is(err, os.ErrNotExist) {
		if err := h.remake(); err != nil {
			return err
		}
		h.log.Warn("runtime folder was gone, made again", "folder", h.runtimeDir)
	}
	return os.Mkdir(dir, 0o700)
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

// bind puts in what only the stage of the worker itself knows, and the parent that the handoff asks for.
func (l layout) bind(p *stage.Plan) {
	h := l.handoff
	p.OwnPID, p.ParentPID, p.OwnPIDFDID, p.ParentPIDPrefixed = h.OwnPID, h.ParentPID, h.OwnPIDFDID, h.ParentPIDPrefixed
	if h.Nonblocking {
		for _, n := range h.Numbers {
			p.Nonblocking = append(p.Nonblocking, n.FD)
		}
	}
	p.Parent = parentOf(h)
}

func parentOf(h dialect.Plan) *stage.Parent {
	if h.Parent == nil {
		return nil
	}
	return &stage.Parent{Ready: int(h.Parent.Ready), Stay: h.Parent.Stay}
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

// tidy removes from the runtime folder what was there for workers that are gone.
func (h *host) tidy(living []keeper.Process) {
	keep := map[string]bool{}
	for _, p := range living {
		if part := strings.Split(p.Name, "/"); len(part) == 5 && part[0] == "worker" {
			dir := h.folderNamed(strings.Join(part[1:4], "."))
			keep[dir], keep[dir+".notify"] = true, true
		}
	}
	entries, _ := os.ReadDir(h.runtimeDir)
	for _, e := range entries {
		path := filepath.Join(h.runtimeDir, e.Name())
		if !keep[path] && !strings.HasPrefix(e.Name(), ".") { // what begins with a point is not a worker's
			_ = os.RemoveAll(path)
		}
	}
}

// farewell is how long a worker may drain that belongs to nothing any more.
const farewell = 30 * time.Second

// clear ends a process that was left over and belongs to nothing. A worker is asked first.
func (h *host) clear(p keeper.Process) {
	if strings.HasPrefix(p.Name, "worker/") && h.keeper.Signal(p.ID, syscall.SIGTERM) == nil {
		late := time.AfterFunc(farewell, func() { _ = h.keeper.Kill(p.ID) })
		_, _ = h.keeper.Wait(p.ID)
		late.Stop()
	}
	_ = h.keeper.Kill(p.ID)
	_, _ = h.keeper.Wait(p.ID)
	_ = h.keeper.Forget(p.ID)
}
