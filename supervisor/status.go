package supervisor

import "time"

// Status is what `supervise status --json` prints and GET /v1/status answers. Its JSON keys are a contract: keys are
// added, never renamed.
type Status struct {
	Version    string           `json:"version"`
	KeeperPID  int              `json:"keeper_pid"`
	ManagerPID int              `json:"manager_pid"`
	Config     string           `json:"config"` // file as given on the command line; empty without one
	StartedAt  time.Time        `json:"started_at"`
	ConfigHash string           `json:"config_hash"`         // differs when another configuration is in force
	Upgrading  bool             `json:"upgrading,omitempty"` // an upgrade has led to this manager, and it has not recorded yet how that ended
	Listeners  []ListenerStatus `json:"listeners"`
	Services   []ServiceStatus  `json:"services"`
	Serves     []ServeStatus    `json:"serves,omitempty"`
}

// ListenerStatus is one listener that supervise holds open.
type ListenerStatus struct {
	Name     string   `json:"name"`
	Address  string   `json:"address"` // the real one: port 0 is resolved
	Sharing  string   `json:"sharing"`
	Backlog  Backlog  `json:"backlog"`
	Queue    int      `json:"queue"` // connections established and not yet accepted; -1 where the kernel does not tell
	Held     bool     `json:"held"`  // paused by `supervise hold`
	Services []string `json:"services"`
	// TakenFrom is who had it open before supervise, like "process 1234 (nginx)".
	TakenFrom string `json:"taken_from,omitempty"`
	// Steering is how the kernel is told which of several sockets gets a new connection, "ebpf" or "cbpf"; "" with sharing "all".
	Steering string         `json:"steering,omitempty"`
	Members  []MemberStatus `json:"members,omitempty"` // with sharing "generation" and "worker"
}

// MemberStatus is one of several sockets of a listener.
type MemberStatus struct {
	Service    string  `json:"service,omitempty"`    // whose it is; "" for nobody's: connections wait there for the next generation
	Generation int     `json:"generation,omitempty"` // likewise
	Worker     int     `json:"worker"`               // with sharing "worker"
	Queue      int     `json:"queue"`                // connections established and not yet accepted; -1 where the kernel does not tell
	Current    bool    `json:"current"`              // it gets new connections, other than as a canary
	Share      float64 `json:"share"`                // of new connections, 0 to 1
	Own        bool    `json:"own,omitempty"`        // the worker's program has made it itself
}

// ServeStatus is one serve block.
type ServeStatus struct {
	Name      string   `json:"name"`
	Protocol  string   `json:"protocol"`
	Address   string   `json:"address"`
	Listeners []string `json:"listeners"`
	Stored    []string `json:"stored,omitempty"` // identifiers of descriptors that programs have stored
	Clients   int      `json:"clients"`          // connections now
}

// Backlog is the length of the accept queue, in connections, as listen(2) takes it.
type Backlog struct {
	Configured int `json:"configured"` // 0 where there is none (datagram sockets, fifos)
	Effective  int `json:"effective"`  // read back from the kernel; -1 where it does not tell
}

// ServiceStatus is one service: configured, or taken away by a reload and not stopped yet.
type ServiceStatus struct {
	Name       string         `json:"name"`
	State      string         `json:"state"`      // stopped, starting, running, rolling-out, degraded, stopping
	Generation int            `json:"generation"` // the current one; 0 before the first
	Newest     int            `json:"newest"`     // the newest generation that was begun, rolled back or not
	Restarts   int            `json:"restarts"`   // workers restarted after a crash, since supervise started
	Wanted     int            `json:"wanted"`     // workers asked for
	Workers    []WorkerStatus `json:"workers"`    // of all generations, draining ones too
	Rollout    *RolloutStatus `json:"rollout"`
	Kept       *KeptStatus    `json:"kept,omitempty"`        // to which promote or rollback returns
	Waiting    []string       `json:"waiting,omitempty"`     // what was asked for and waits for its turn: start, restart, scale, adjust
	Reason     string         `json:"reason,omitempty"`      // why it is degraded, or why the last rollout was rolled back
	RolledBack string         `json:"rolled_back,omitempty"` // why the last rollout was rolled back; empty after one that went well
}

// WorkerStatus is one worker.
type WorkerStatus struct {
	Index       int        `json:"index"`
	Generation  int        `json:"generation"`
	PID         int        `json:"pid"` // 0 while it is being started or waits for its next start
	Phase       string     `json:"phase"`
	StartedAt   time.Time  `json:"started_at"`
	ReadyAt     *time.Time `json:"ready_at"`
	Connections int        `json:"connections"`         // open ones at its listeners, TCP and unix, that its process tree holds; -1 where unknown
	Status      string     `json:"status,omitempty"`    // its last STATUS= message
	Health      string     `json:"health,omitempty"`    // "ok", or which check fails and why; empty while none has been made
	Cgroup      string     `json:"cgroup,omitempty"`    // path of its control group, as in /proc/PID/cgroup
	RetryAt     *time.Time `json:"retry_at,omitempty"`  // it is in backoff until then
	LastExit    string     `json:"last_exit,omitempty"` // how its predecessor of this index ended
	// Adopted is where a program listens that knows nothing of its listeners, and NotIntercepted why a bind or listen of it went past supervise.
	Adopted        []AdoptedStatus `json:"adopted,omitempty"`
	NotIntercepted string          `json:"not_intercepted,omitempty"`
}

// AdoptedStatus is one listener of a program that knows nothing of it.
type AdoptedStatus struct {
	Listener string `json:"listener"`
	Mode     string `json:"mode"` // own: its own socket; inject: one of supervise in its place; shared: the one socket that all share
}

// RolloutStatus is the rollout that is going on.
type RolloutStatus struct {
	From      int       `json:"from"`
	To        int       `json:"to"`
	Strategy  string    `json:"strategy"`
	Step      string    `json:"step"` // start, ready, bake, canary, promote, drain, retire, rollback
	Ready     int       `json:"ready"`
	Workers   int       `json:"workers"`
	StartedAt time.Time `json:"started_at"`
	Share     float64   `json:"share,omitempty"` // of new connections that the new generation gets in a canary, 0 to 1
	Until     time.Time `json:"until,omitzero"`  // when the canary ends; none: when somebody promotes it or rolls it back
}

// KeptStatus is a generation that is not the current one and goes on without new connections.
type KeptStatus struct {
	Generation int       `json:"generation"`
	Until      time.Time `json:"until,omitzero"` // none: it is being stopped
}
