package config

import "time"

// Service is a service block: a command that is kept running, and what it needs.
// The command, its environment, its directory, the checks of ready and the hooks are not here:
// they can differ for each worker, Resolve gives them.
type Service struct {
	Name string
	// Preset is the name of the Preset whose defaults the service has; "" for none.
	Preset string
	// Listeners are names, in the order of the descriptors.
	Listeners []string
	// Handoff are the names of dialects.
	Handoff []string
	// ListenPID is what LISTEN_PID of the systemd dialect is: "own" for the worker's process number, "omit" for none,
	// "parent" for that of its parent.
	ListenPID string
	// FDStore is how many descriptors workers may store by FDSTORE=1, sd_notify(3); 0 for none.
	FDStore int
	// Workers is how many processes a generation has; 0 keeps the service without any.
	Workers int
	// User, Group and Groups are names or numbers, looked up when a worker starts; "" keeps supervise's own.
	User, Group string
	Groups      []string
	Umask       *uint32
	// EnvironmentFiles are absolute paths, for ReadEnvironmentFiles; with "-" before a path the file may be missing.
	EnvironmentFiles []string
	// InheritEnvironment says whether workers get supervise's own environment below theirs.
	InheritEnvironment   bool
	Nice, OOMScoreAdjust *int
	NoNewPrivileges      bool
	Output               Output
	// DependsOn are services that must be ready before this one starts. There are no cycles.
	DependsOn []string
	Ready     Ready
	Stop      Stop
	Restart   Restart
	Rollout   Rollout
	Health    Health
	Limits    []Limit
	Max       Max
	// Where is the place in the file, "app.hcl:7".
	Where string
	// Source is the configuration that the service was read with.
	Source *Source `json:"-"`

	late    late
	written written
	place   place
	checks  []string
	// Where preset and stop.signal stand, for warnings.
	presetPlace, signalPlace place
	misfit                   bool // the preset is of a program that the system does not have
	// Whether stop.signal and stop.drain are written down, and where the latter is.
	signalGiven, drainGiven bool
	drainPlace              place
	listeners               []named // with their places, for the checks of Load
	dependsOn               []named
	steered                 []named // canary and keep_old of rollout, where they are given
}

// Ready is how a new worker shows that it can serve.
type Ready struct {
	// When is auto, notify, started, newline, crank, uwsgi, pm2, upstart, log, http or exec.
	When string
	// Timeout is how long all workers of a generation may take, Settle how long a worker must be alive under auto,
	// Interval the time between two checks of http, exec and upstart.
	Timeout, Settle, Interval time.Duration
	// FD is the descriptor on which newline, crank, uwsgi and pm2 write; 0 means the number after the listeners.
	FD int
}

// Stop is how a worker is asked to finish.
type Stop struct {
	// Signal is a name like "SIGTERM", see SignalNumber.
	Signal string
	// Drain is how long to wait, before the signal, until a worker that gets no new connections has none left; 0 does not wait. It is 0
	// unless some listener has a socket for each generation; connections of the other listeners are not waited for then.
	Drain time.Duration
	// Timeout is how long a worker may take to end after the signal before its process tree is killed; 0 kills at once.
	Timeout time.Duration
}

// Restart is what follows when a worker exits by itself.
type Restart struct {
	// When is always, on-failure or never.
	When string
	// Backoff is the wait before the first restart; it doubles up to BackoffMax, and starts again
	// after a worker has lived for Window.
	Backoff, BackoffMax, Window time.Duration
}

// Rollout is how a generation replaces the one before.
type Rollout struct {
	// Strategy is overlap, replace or rolling.
	Strategy string
	// Bake is how long a ready generation must stay healthy before it is promoted.
	Bake time.Duration
	// MaxSurge and MaxUnavailable are numbers of workers above and below Workers during rolling.
	MaxSurge, MaxUnavailable int
	// Canary is how a ready generation is tried before it is promoted; nil: not at all.
	Canary *Canary
	// KeepOld is how long the generation before is kept after a promotion, without new connections, for a way back; 0: not at all.
	KeepOld time.Duration
}

// Canary is a trial of a new generation with some of the new connections.
type Canary struct {
	// Share of the new connections, above 0 and below 1.
	Share float64
	// For is how long; 0, which no file can say, is until somebody promotes it or rolls it back.
	For time.Duration
}

// Health is how a ready worker shows that it still serves. What its checks ask is in Resolved.
type Health struct {
	// Interval is the time from the end of one check to the next, Timeout how long one may take.
	Interval, Timeout time.Duration
	// Failures is how many checks in a row must fail until the worker is unhealthy.
	Failures int
	// Watchdog is how long a ready worker may be silent until it hangs; it says WATCHDOG=1, sd_notify(3). 0 asks for nothing.
	Watchdog time.Duration
}

// Limit is one resource limit, setrlimit(2).
type Limit struct {
	// Resource is nofile, nproc or core.
	Resource string
	// Soft and Hard are a number (nofile, nproc) or bytes (core); ^uint64(0) is unlimited.
	Soft, Hard uint64
}

// Max is what all processes of a worker may use together; 0 is no limit. The kernel needs control groups for it.
type Max struct {
	// Memory is in bytes, with what the kernel keeps for the processes.
	Memory uint64
	// CPU is in CPUs: 1.5 is one and a half second in each second.
	CPU float64
	// PIDs counts processes and threads.
	PIDs int
}

// Output is where a worker's standard output and error go.
type Output struct {
	// Kind is prefix, inherit, null or file.
	Kind string
	// Path is the absolute path of file.
	Path string
}
