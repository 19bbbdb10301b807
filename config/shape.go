package config

import "slices"

// shape is what may stand in one kind of block. The text of doc.go is checked against these.
type shape struct {
	kind       string
	attributes []string
	blocks     []string // those with a name in labelled, the others at most once
	later      []string // attributes and blocks that are known but do nothing yet
}

var labelled = []string{"listener", "service", "serve"}

var optionNames = []string{
	"ipv6_only", "reuse_port", "free_bind", "transparent", "bind_device", "mark", "keepalive", "keepalive_idle",
	"keepalive_interval", "keepalive_count", "no_delay", "defer_accept", "fast_open", "user_timeout", "congestion",
	"multipath", "receive_buffer", "send_buffer", "tos", "ttl", "priority", "pass_credentials", "broadcast", "pipe_size",
}

var shapes = map[string]shape{
	"": {
		blocks: []string{"listener", "service", "serve", "control", "log"},
		later:  []string{"metrics"},
	},
	"listener": {
		attributes: slices.Concat([]string{"address", "backlog", "sharing", "mode", "owner", "group", "take_from"}, optionNames),
	},
	"service": {
		attributes: []string{
			"preset", "command", "listeners", "handoff", "listen_pid", "fd_store", "workers", "directory", "user", "group", "groups", "umask", "environment",
			"environment_files", "inherit_environment", "nice", "oom_score_adjust", "no_new_privileges", "output", "depends_on",
		},
		blocks: []string{"ready", "stop", "restart", "rollout", "health", "limits", "hooks"},
	},
	"serve":   {attributes: []string{"protocol", "address", "listeners", "mode", "group", "users", "store"}},
	"ready":   {attributes: []string{"when", "timeout", "settle", "interval", "fd", "pattern", "url", "expect", "command"}},
	"stop":    {attributes: []string{"signal", "drain", "timeout"}},
	"restart": {attributes: []string{"when", "backoff", "backoff_max", "window"}},
	"rollout": {
		attributes: []string{"strategy", "bake", "max_surge", "max_unavailable", "keep_old"},
		blocks:     []string{"canary"},
	},
	"health": {attributes: []string{"http", "command", "exec", "watchdog", "expect", "interval", "timeout", "failures"}},
	"canary": {attributes: []string{"share", "for"}},
	"limits": {
		attributes: []string{"nofile", "nproc", "core", "memory_max", "cpu_max", "pids_max"},
	},
	"hooks":   {attributes: []string{"before_start", "after_ready", "before_stop", "after_stop"}},
	"control": {attributes: []string{"address", "mode", "group"}},
	"log":     {attributes: []string{"level", "format"}},
}

// homes gives the kinds of block that have an attribute or block of that name.
func homes(name string) []string {
	var kinds []string
	for _, kind := range sortedKeys(shapes) {
		s := shapes[kind]
		if kind != "" && (slices.Contains(s.attributes, name) || slices.Contains(s.blocks, name)) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
