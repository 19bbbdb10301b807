package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// healthNeeds says which attribute of health means nothing without which others.
var healthNeeds = []struct {
	name  string
	needs []string
}{
	{"expect", []string{"http"}},
	{"interval", []string{"http", "command", "exec"}},
	{"timeout", []string{"http", "command", "exec"}},
	{"failures", []string{"http", "command", "exec"}},
}

const healthAdvice = `Add for example http = "http://127.0.0.1:8080/healthz", command = ["./check"] or watchdog = "10s".`

func (n *node) readHealth(health *node, s *Service) {
	to := &s.Health
	take(health, "interval", &to.Interval, asDuration(10*time.Millisecond, longest, 1))
	take(health, "timeout", &to.Timeout, asDuration(time.Millisecond, longest, 1))
	take(health, "failures", &to.Failures, asInteger(1, maxFailures))
	take(health, "watchdog", &to.Watchdog, asDuration(10*time.Millisecond, longest, 1))
	for _, name := range []string{"http", "expect", "command", "exec"} {
		s.late.keep(health, name)
	}
	for _, name := range []string{"http", "command", "exec"} {
		if _, given := health.has(name); given {
			s.checks = append(s.checks, strings.Replace(name, "exec", "command", 1))
		}
	}
	health.checkHealth(slices.ContainsFunc(n.content.Blocks, func(b *hcl.Block) bool { return b.Type == "health" }))
}

// maxFailures bounds health.failures: who wants more wants no check.
const maxFailures = 1000

// checkHealth refuses a block that checks nothing, and attributes without the check that they are of.
func (n *node) checkHealth(there bool) {
	given := func(name string) bool { _, ok := n.has(name); return ok }
	if there && !n.broken && !slices.ContainsFunc([]string{"http", "command", "exec", "watchdog"}, given) {
		n.fail(n.at, fmt.Sprintf("cannot use %s: it checks nothing", n.noun), healthAdvice)
		return
	}
	for _, a := range healthNeeds {
		if at, ok := n.has(a.name); ok && !slices.ContainsFunc(a.needs, given) {
			n.failValue(a.name, at, fmt.Sprintf("it is of %s, which is not there", strings.Join(a.needs[:min(len(a.needs), 2)], " or ")), healthAdvice)
		}
	}
	if at, ok := n.has("exec"); ok && given("command") {
		n.failValue("exec", at, "it is another word for command, which is there", "Remove one of them.")
	}
}

// warnURLs says which checks by HTTP may be answered by others than the worker that they are for.
func (r *reader) warnURLs(s *Service, resolved Resolved) {
	for _, check := range []struct{ block, name, url, other string }{
		{"ready", "url", resolved.URL, `when = "notify"`},
		{"health", "http", resolved.Health.URL, "watchdog"},
	} {
		u, err := url.Parse(check.url)
		if check.url == "" || err != nil {
			continue
		}
		for _, name := range s.Listeners {
			who, advice := r.answers(s, r.config.Listener(name), u)
			if who != "" {
				r.warn(s.late.at(check.name), fmt.Sprintf("%s of %s of service %q asks the shared listener %q: %s may answer", check.name, check.block, s.Name, name, who),
					fmt.Sprintf("%s, or use %s.", advice, check.other))
			}
		}
	}
}

// answers is who else may answer at a URL, if it is that of a listener of the service: where every generation has a socket of its own a
// check reaches the right one.
func (r *reader) answers(s *Service, l *Listener, u *url.URL) (who, advice string) {
	if l == nil || !l.Address.isTCP() || strconv.Itoa(r.standIn.Listeners[l.Name].Port) != portOf(u) || !reaches(u.Hostname(), l.Address) {
		return "", ""
	}
	switch {
	case l.Sharing == "all":
		return "the old generation", `Ask a port of the worker's own, write sharing = "generation" in the listener`
	case l.Sharing == "generation" && s.Workers > 1:
		return "another worker of the same generation", `Write sharing = "worker" in the listener, ask a port of the worker's own`
	}
	return "", ""
}

// portOf is the port of a URL, as text.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// reaches says whether a host of a URL may be a listener's address.
func reaches(host string, a Address) bool {
	ip := net.ParseIP(host)
	switch {
	case host == a.Host:
		return true
	case host == "localhost":
		return a.Host == "" || net.ParseIP(a.Host).IsLoopback() || net.ParseIP(a.Host).IsUnspecified()
	}
	return ip != nil && (a.Host == "" || net.ParseIP(a.Host).IsUnspecified())
}
