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
	probe      prober

	storedNames []string // of the descriptors that workers before it have stored, in their order
	stored      []*fdpass.Descriptor
}

// layout is a spec worked out: what the worker runs, with which descriptors and variables.
type layout struct {
	resolved config.Resolved
	sockets  []dialect.Socket
	handoff  dialect.Plan
	channels []dialect.Channel // those of the handoff, and then the one of ready.when if it has one
	own      bool              // it has one
	ownEnv   []string          // by which the worker knows of it
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
	l, in, err := handOver(s, around)
	if err != nil {
		return layout{}, err
	}
	l.channels = slices.Clone(l.handoff.Channels)
	if s.service.Health.Watchdog > 0 && s.service.ListenPID == "own" && systemOf(s) != "windows" { // else it is not the main process that will say it
		l.handoff.OwnPID = append(slices.Clone(l.handoff.OwnPID), "WATCHDOG_PID")
	}
	if err = l.addReady(s, in); err != nil {
		return l, err
	}
	if l.resolved, err = s.service.Resolve(l.scope(s, around)); err != nil {
		return l, err
	}
	if l.resolved.Command, err = dialect.Arguments(s.service.Handoff, l.input(s, around), l.handoff, l.resolved.Command); err != nil {
		err = notHandedOver(s, err)
	}
	return l, err
}

// handOver has the dialects of the service say how its sockets go to the worker.
func handOver(s spec, around surroundings) (l layout, in dialect.Input, err error) {
	l.sockets = socketsOf(s)
	in = l.input(s, around)
	l.handoff, err = dialect.Combine(s.service.Handoff, in)
	if n := len(l.handoff.Numbers); err == nil && n > maxGiven {
		err = fmt.Errorf("a worker can be given %d sockets at most, and these are %d (make several services of it)", maxGiven, n)
	}
	if err != nil {
		err = notHandedOver(s, err)
	}
	return l, in, err
}

// addReady adds the channel of ready.when, if it has one.
func (l *layout) addReady(s spec, in dialect.Input) error {
	free, fd := dialect.Free(l.handoff), s.service.Ready.FD
	if fd == 0 {
		fd = free
	}
	c, env, own := dialect.ReadyChannel(s.service.Ready.When, fd, in)
	if !own {
		return nil
	}
	if what := l.holds(s, fd); what != "" {
		free += max(0, s.service.FDStore-len(s.storedNames)) // for those that are stored later
		return fmt.Errorf("cannot use ready.fd of service %q: descriptor %d is %s (take one from %d, or remove the line)", s.service.Name, fd, what, free)
	}
	if systemOf(s) == "windows" {
		env = []string{readyHandle + "=" + strconv.Itoa(fd)} // its value is known when the pipe is there
	}
	l.channels, l.own, l.ownEnv = append(l.channels, c), own, env
	return nil
}

// readyHandle is the variable of ready.when = "newline" on Windows: the value of the pipe's handle, where READY_FD is a number.
const readyHandle = "READY_HANDLE"

// systemOf is the one that the worker is for.
func systemOf(s spec) string { return cmp.Or(s.all.System, runtime.GOOS) }

// holds is what the handoff has at a descriptor; "" for nothing.
func (l layout) holds(s spec, fd int) string {
	for _, n := range l.handoff.Numbers {
		if n.FD == fd {
			return fmt.Sprintf("listener %q", s.service.Listeners[n.Socket])
		}
	}
	for i, c := range l.handoff.Channels {
		if c.FD == fd {
			return "the " + l.whatIs(i)
		}
	}
	if i := slices.Index(l.handoff.StoredFDs, fd); i >= 0 {
		return fmt.Sprintf("the stored descriptor %q", s.storedNames[i])
	}
	return ""
}

func notHandedOver(s spec, err error) error {
	return s.service.Wrong(fmt.Sprintf("cannot use handoff of service %q: %v", s.service.Name, err))
}

// Verify is whether every service's listeners can be handed over, all of them, in its dialects. Nothing but the file can change that. The error joins one
// *config.Error for each service.
func Verify(c *config.Config) error {
	var problems []error
	for _, cfg := range c.Services {
		_, _, err := handOver(spec{service: cfg, all: c, generation: 1}, surroundings{runtimeDir: "/run"})
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// input is what a dialect may know. The command is not there before expressions are resolved.
func (l layout) input(s spec, around surroundings) dialect.Input {
	return dialect.Input{
		Sockets: l.sockets, Worker: s.index, Generation: s.generation, RuntimeDir: around.runtimeDir, System: systemOf(s), ListenPID: s.service.ListenPID,
		Stored: s.storedNames, Command: l.resolved.Command, StopSignal: s.service.Stop.Signal, Environ: list(l.resolved.Environment),
	}
}

// counts is whether the ith channel can make the worker ready: the one of ready.when always, those of the handoff where any sign will do.
func (l layout) counts(s spec, i int) bool {
	return l.own && i == len(l.channels)-1 || s.anySign()
}

// anySign is whether what the handoff brings counts beside READY=1.
func (s spec) anySign() bool {
	return s.service.Ready.When == "auto" || s.service.Ready.When == "notify"
}

// socketsOf describes the sockets of a service in its order: as they are, or as they are configured where none is open.
func socketsOf(s spec) []dialect.Socket {
	out := make([]dialect.Socket, len(s.service.Listeners))
	for i, name := range s.service.Listeners {
		out[i] = describeSocket(name, s.socketAddress(i, name))
		if i < len(s.leases) && s.leases[i] != nil {
			out[i].Handle = handleOf(s.leases[i], s.index)
		}
	}
	return out
}

// socketAddress is the address of the service's i-th socket, which a reload may have given to another listener meanwhile.
func (s spec) socketAddress(i int, name string) fdpass.Address {
	if i < len(s.leases) && s.leases[i] != nil {
		return s.leases[i].Address()
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
	env := leastEnvironment(around.environ)
	if s.service.InheritEnvironment {
		merge(env, inherited(around.environ))
	}
	if !foreign(s.all) {
		files, err := s.service.ReadEnvironment()
		if err != nil {
			return nil, err
		}
		merge(env, files)
	}
	merge(env, l.resolved.Environment)
	merge(env, given(s, l))
	return env, nil
}

// given are the variables that tell a worker of its handoff and of itself.
func given(s spec, l layout) map[string]string {
	env := pairs(l.handoff.Env)
	env["SUPERVISE_SERVICE"] = s.service.Name
	env["SUPERVISE_GENERATION"] = strconv.Itoa(s.generation)
	env["SUPERVISE_WORKER"] = strconv.Itoa(s.index)
	maps.Copy(env, pairs(l.ownEnv))
	if d := s.service.Health.Watchdog; d > 0 { // sd_watchdog_enabled(3)
		env["WATCHDOG_USEC"] = strconv.FormatInt(d.Microseconds(), 10)
	}
	if n := s.service.FDStore; n > 0 {
		env["FDSTORE"] = strconv.Itoa(n)
	}
	return env
}

// inherited is supervise's environment without what was meant for supervise alone. A worker that talked to the
// NOTIFY_SOCKET of an outer manager could get the whole service killed.
func inherited(environ []string) map[string]string {
	env := pairs(environ)
	maps.DeleteFunc(env, func(key, _ string) bool { return private(key) })
	return env
}

func private(key string) bool {
	switch key {
	case "STOP_EVENT", readyHandle:
		return runtime.GOOS == "windows"
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
