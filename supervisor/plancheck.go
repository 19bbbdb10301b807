package supervisor

import (
	"fmt"
	"strings"
)

// checks are those of the worker's health, for people.
func (l layout) checks(s spec) (lines []string) {
	cfg, health := s.service.Health, l.resolved.Health
	often := fmt.Sprintf("every %s, within %s; unhealthy after %s in a row", cfg.Interval, cfg.Timeout, plural(cfg.Failures, "failure"))
	if health.URL != "" {
		expect := ""
		if health.Expect != "" {
			expect = fmt.Sprintf(", which must match %s,", health.Expect)
		}
		lines = append(lines, fmt.Sprintf("GET %s%s %s", health.URL, expect, often))
	}
	if len(health.Command) > 0 {
		lines = append(lines, fmt.Sprintf("%s %s", strings.Join(health.Command, " "), often))
	}
	if cfg.Watchdog > 0 {
		lines = append(lines, fmt.Sprintf("WATCHDOG=1 at least every %s", cfg.Watchdog))
	}
	return lines
}
