package config

// Scope is what the late expressions of one worker see.
type Scope struct {
	// Listeners are by name; also those that the service does not have, with FD -1.
	Listeners map[string]ListenerValue
	// Service is service.name, Generation generation (from 1), Worker worker.index (from 0).
	Service            string
	Generation, Worker int
	// RuntimeDir is worker.runtime_dir, a folder that only this worker uses.
	RuntimeDir string
	// Environ is env.*, in the form of os.Environ. CPUs is cpus.
	Environ []string
	CPUs    int
}

// ListenerValue is listener.NAME in an expression.
type ListenerValue struct {
	// FD is the descriptor number in the worker, -1 when the worker does not get it.
	FD int
	// Address is the URL form of the address, with the real port.
	Address string
	// Host and Port are of tcp, udp and vsock; Path of unix and fifo ("@name" for an abstract one).
	Host string
	Port int
	Path string
}

// Resolved is what one worker runs.
type Resolved struct {
	Command []string
	// Environment is only what the file adds.
	Environment map[string]string
	// Directory is absolute: by default the folder of the configuration file.
	Directory string
	// URL, Pattern and ReadyCommand are of ready: http, log and exec.
	URL, Pattern string
	ReadyCommand []string
	Hooks        ResolvedHooks
}

// ResolvedHooks are commands that run beside a worker's life; nil when not given.
type ResolvedHooks struct {
	BeforeStart, AfterReady, BeforeStop, AfterStop []string
}
