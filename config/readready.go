package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxDescriptor bounds ready.fd: the usual soft limit of nofile is 1024, and above it dup2(2) answers EBADF.
const maxDescriptor = 1023

// readyKinds are the values of ready.when.
var readyKinds = []string{"auto", "notify", "started", "newline", "crank", "uwsgi", "pm2", "upstart", "log", "http", "exec"}

// readyAttributes says which attribute belongs to which kinds of readiness; timeout belongs to all.
var readyAttributes = []struct {
	name  string
	kinds []string
}{
	{"settle", []string{"auto"}},
	{"interval", []string{"http", "exec", "upstart"}},
	{"fd", []string{"newline", "crank", "uwsgi", "pm2"}},
	{"pattern", []string{"log"}},
	{"url", []string{"http"}},
	{"expect", []string{"http"}},
	{"command", []string{"exec"}},
}

// readyNeeds is the attribute without which a kind of readiness means nothing.
var readyNeeds = map[string]string{
	"log":  `pattern = "listening on"`,
	"http": `url = "http://127.0.0.1:8080/healthz"`,
	"exec": `command = ["./check"]`,
}

func (n *node) readReady(ready *node, s *Service) {
	to := &s.Ready
	take(ready, "when", &to.When, asChoice("values", readyKinds...))
	if _, given := ready.has("when"); given || !s.misfit {
		ready.usable("when", to.When, s.presetPlace)
	}
	take(ready, "timeout", &to.Timeout, asDuration(time.Millisecond, longest, 1))
	take(ready, "settle", &to.Settle, asDuration(0, longest, 1))
	take(ready, "interval", &to.Interval, asDuration(10*time.Millisecond, longest, 1))
	take(ready, "fd", &to.FD, asInteger(3, maxDescriptor))
	for _, name := range []string{"url", "expect", "pattern", "command"} {
		s.late.keep(ready, name)
	}
	if to.When != "log" {
		s.late.pattern = ""
	}
	ready.checkKind(to.When, s.late.pattern != "")
	ready.checkFD(to.FD, s)
	if to.When == "log" && s.Output.Kind == "inherit" {
		n.failAt("output", `ready waits for a line of the log, which supervise does not see with output "inherit"`, `Use output = "prefix", or another when.`)
	}
}

// checkFD refuses a descriptor that the handoff may need: 3 and 4 are tableflip's own, and stored ones follow the listeners.
func (n *node) checkFD(fd int, s *Service) {
	first, what := 3+len(s.Listeners), "is a listener"
	if slices.Contains(s.Handoff, "tableflip") {
		first, what = first+2, "is one of tableflip's"
	}
	if fd >= first && fd < first+s.FDStore {
		what = "may be one that a worker has stored"
	}
	if first += s.FDStore; fd != 0 && fd < first {
		n.failAt("fd", fmt.Sprintf("descriptor %d %s", fd, what), fmt.Sprintf("Take one from %d, or remove the line: the number after the listeners is the default.", first))
	}
}

// checkKind refuses attributes of another kind of readiness, and a kind without its attribute unless it is complete without.
func (n *node) checkKind(when string, complete bool) {
	for _, a := range readyAttributes {
		if at, given := n.has(a.name); given && !slices.Contains(a.kinds, when) {
			n.failValue(a.name, at, fmt.Sprintf("when = %q does not use it", when), fmt.Sprintf(`Write when = "%s", or remove the line.`, strings.Join(a.kinds, `" or "`)))
		}
	}
	example := readyNeeds[when]
	if name, _, _ := strings.Cut(example, " "); example != "" && !complete && !n.broken {
		if _, given := n.has(name); !given {
			n.failAt("when", fmt.Sprintf("%q needs %s", when, name), "Add for example "+example+".")
		}
	}
}
