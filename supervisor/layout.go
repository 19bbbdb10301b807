package supervisor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// spec says which worker to start: everything that a worker is made from.
type spec struct {
	service    *config.Service
	all        *config.Config
	id         string // of the process, see nextID
	ready      bool   // it has been ready before
	launched   bool   // it was running
	generation int
	index      int
	leases     []*registry.Lease         // in the order of service.Listeners; nil where nothing is open (check)
	addresses  map[string]fdpass.Address // of all open listeners; nil likewise
	log        *output.Log
}

// layout is a spec worked out: what the worker runs, with which descriptors and variables.
type layout struct {
	resolved config.Resolved
	sockets  []dialect.Socket
	handoff  dialect.Plan
	readyFD  int // of the readiness pipe; 0 when there is none
	env      map[string]string
}

// surroundings is what supervise itself brings into a layout.
type surroundings struct {
	environ    []string // supervise's own
	cpus       int
	runtimeDir string // the worker's
}

// layoutOf works out a spec, with the environment files read. It opens nothing else.
func layoutOf(s spec, around surroundings) (layout, error) {
	l, err := resolve(s, around)
	if err != nil {
		return layout{}, err
	}
	l.env, err = environmentOf(s, l, around)
	return l, err
}

// resolve works out all of a spec that needs no file: everything but the environment.
func resolve(s spec, around surroundings) (layout, error) {
	l := layout{sockets: socketsOf(s)}
	var err error
	l.handoff, err = dialect.Combine(s.service.Handoff, dialect.Input{Sockets: l.sockets, Worker: s.index, Generation: s.generation})
	if err != nil {
		return layout{}, fmt.Errorf("cannot hand the listeners of service %q over: %w", s.service.Name, err)
	}
	if s.service.Ready.When == "newline" {
		l.readyFD = s.service.Ready.FD
		if l.readyFD == 0 {
			l.readyFD = firstFree(l.handoff)
		}
	}
	l.resolved, err = s.service.Resolve(l.scope(s, around))
	return l, err
}

// firstFree is the number after the last one that a socket has.
func firstFree(p dialect.Plan) int {
	free := 3
	for _, n := range p.Numbers {
		free = max(free, n.FD+1)
	}
	return free
}

// socketsOf describes the sockets of a service in its order: as they are, or as they are configured where none is open.
func socketsOf(s spec) []dialect.Socket {
	out := make([]dialect.Socket, len(s.service.Listeners))
	for i, name := range s.service.Listeners {
		out[i] = describeSocket(name, s.socketAddress(i, name))
	}
	return out
}

// socketAddress is the address of the service's i-th socket, which a reload may have given to another listener meanwhile.
func (s spec) socketAddress(i int, name string) fdpass.Address {
	if i < len(s.leases) && s.leases[i] != nil {
		return s.leases[i].Socket().Address()
	}
	return s.addressOf(name)
}

// addressOf is the real address of a listener, or the configured one where none is open.
func (s spec) addressOf(name string) fdpass.Address {
	if a, open := s.addresses[name]; open {
		return a
	}
	if l := s.all.Listener(name); l != nil {
		return fdpass.Address(l.Address)
	}
	return fdpass.Address{}
}

func describeSocket(name string, a fdpass.Address) dialect.Socket {
	return dialect.Socket{Name: name, Network: a.Network, Host: a.Host, Port: int(a.Port), Path: a.Path}
}

// scope is what the worker's expressions see.
func (l layout) scope(s spec, around surroundings) config.Scope {
	listeners := map[string]config.ListenerValue{}
	for _, other := range s.all.Listeners {
		if !s.service.Mentions(other.Name) {
			continue
		}
		listeners[other.Name] = valueOf(s.addressOf(other.Name), -1)
	}
	for i, name := range s.service.Listeners {
		listeners[name] = valueOf(s.socketAddress(i, name), dialect.FD(l.handoff, i))
	}
	return config.Scope{
		Listeners: listeners, Service: s.service.Name, Generation: s.generation, Worker: s.index,
		RuntimeDir: around.runtimeDir, Environ: around.environ, CPUs: around.cpus,
	}
}

func valueOf(a fdpass.Address, fd int) config.ListenerValue {
	return config.ListenerValue{FD: fd, Address: a.String(), Host: a.Host, Port: int(a.Port), Path: a.Path}
}

// environmentOf is the worker's environment, as far as it is known before it has a pid. Later ones win: supervise's own,
// environment_files, environment, the handoff.
func environmentOf(s spec, l layout, around surroundings) (map[string]string, error) {
	env := map[string]string{"PATH": defaultPath}
	if s.service.InheritEnvironment {
		maps.Copy(env, inherited(around.environ))
	}
	files, err := config.ReadEnvironmentFiles(s.service.EnvironmentFiles)
	if err != nil {
		return nil, err
	}
	maps.Copy(env, files)
	maps.Copy(env, l.resolved.Environment)
	maps.Copy(env, given(s, l))
	return env, nil
}

// given are the variables that tell a worker of its handoff and of itself.
func given(s spec, l layout) map[string]string {
	env := pairs(l.handoff.Env)
	env["SUPERVISE_SERVICE"] = s.service.Name
	env["SUPERVISE_GENERATION"] = strconv.Itoa(s.generation)
	env["SUPERVISE_WORKER"] = strconv.Itoa(s.index)
	if l.readyFD != 0 {
		env["READY_FD"] = strconv.Itoa(l.readyFD)
	}
	return env
}

// defaultPath is what a worker finds its programs in when nothing else is said: systemd's default.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// inherited is supervise's environment without what was meant for supervise alone. A worker that talked to the
// NOTIFY_SOCKET of an outer manager could get the whole service killed.
func inherited(environ []string) map[string]string {
	env := pairs(environ)
	maps.DeleteFunc(env, func(key, _ string) bool { return private(key) })
	return env
}

func private(key string) bool {
	switch key {
	case "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE", "MAINPID", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MANAGERPID":
		return true
	}
	return dialect.Owns(key) || dialect.OwnsReady(key) || strings.HasPrefix(key, "SUPERVISE_")
}

func pairs(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, e := range environ {
		if key, value, ok := strings.Cut(e, "="); ok && key != "" {
			env[key] = value
		}
	}
	return env
}

// list is an environment as execve(2) takes it, in the order of the names.
func list(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		out = append(out, key+"="+env[key])
	}
	return out
}
