package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func (n *node) readRollout(service *Service) {
	s := &service.Rollout
	take(n, "strategy", &s.Strategy, asChoice("strategies", "overlap", "replace", "rolling"))
	take(n, "bake", &s.Bake, asDuration(0, longest, 1))
	take(n, "max_surge", &s.MaxSurge, asInteger(0, MaxWorkers))
	take(n, "max_unavailable", &s.MaxUnavailable, asInteger(0, MaxWorkers))
	for _, name := range []string{"max_surge", "max_unavailable"} {
		if at, given := n.has(name); given && s.Strategy != "rolling" {
			n.failValue(name, at, fmt.Sprintf("strategy %q replaces all workers together", s.Strategy), `Write strategy = "rolling", or remove the line.`)
		}
	}
	if s.Strategy == "rolling" && s.MaxSurge+s.MaxUnavailable == 0 {
		n.failAt("max_surge", "max_surge and max_unavailable are both 0, so no worker could ever be replaced", "Raise one of them.")
	}
	take(n, "keep_old", &s.KeepOld, asDuration(0, longest, 1))
	n.readCanary(service)
	if at, given := n.has("keep_old"); given && s.KeepOld > 0 {
		service.steered = append(service.steered, named{"keep_old", at})
	}
	for _, e := range service.steered {
		if s.Strategy != "overlap" {
			n.failValue(e.name, e.at, fmt.Sprintf("strategy %q stops the old workers first, so there is nothing to go back to", s.Strategy),
				`Write strategy = "overlap", or remove it.`)
		}
	}
}

// readCanary reads the block canary, which has to say everything.
func (n *node) readCanary(service *Service) {
	if !slices.ContainsFunc(n.content.Blocks, func(b *hcl.Block) bool { return b.Type == "canary" }) {
		return
	}
	c, canary := n.one("canary"), &Canary{}
	service.Rollout.Canary = canary
	service.steered = append(service.steered, named{"canary", c.at})
	take(c, "share", &canary.Share, asShare)
	take(c, "for", &canary.For, asDuration(time.Second, longest, 1))
	for _, attribute := range [][2]string{{"share", "5%"}, {"for", "10m"}} {
		if _, given := c.has(attribute[0]); !given {
			c.fail(c.at, fmt.Sprintf("cannot use %s: it has no %s", c.noun, attribute[0]), fmt.Sprintf("Add for example %s = %q.", attribute[0], attribute[1]))
		}
	}
}

// ParseShare reads a share of connections like "5%" or "0.5%": above 0% and below 100%. It gives a number from 0 to 1.
func ParseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(number, 64)
	share /= 100
	switch {
	case err == nil && !percent:
		return 0, &refusal{value: shorten(text), cause: "it has no %", advice: fmt.Sprintf("write %q", number+"%")}
	case err != nil || strings.Trim(number, "0123456789.") != "":
		return 0, &refusal{value: shorten(text), cause: "it is no share", advice: `write for example "5%"`}
	case share <= 0 || share >= 1:
		return 0, &refusal{value: text, cause: "it is out of range", advice: "it is more than 0% and less than 100%"}
	}
	return share, nil
}

func asShare(v cty.Value) (float64, *refusal) {
	s, r := asText(v)
	if r != nil {
		return 0, r
	}
	share, err := ParseShare(s)
	if err != nil {
		refused := err.(*refusal)
		return 0, &refusal{cause: fmt.Sprintf("%q: %s", refused.value, refused.cause), advice: sentence(refused.advice)}
	}
	return share, nil
}

// Unsteered says why the kernel cannot divide the new connections of a service between two of its generations; "" when it can. That
// takes a socket for each generation on every listener.
func (c *Config) Unsteered(s *Service) string {
	if len(s.Listeners) == 0 {
		return "the service has no listener"
	}
	for _, name := range s.Listeners {
		if l := c.Listener(name); l != nil && l.Sharing == "all" {
			return fmt.Sprintf("listener %q has one socket for all generations", name)
		}
	}
	return ""
}

// checkSteered refuses what needs one socket for each generation where there is none.
func (r *reader) checkSteered() {
	for _, s := range r.config.Services {
		cause := r.config.Unsteered(s)
		if cause == "" {
			continue
		}
		advice := "Give the service a tcp:// listener with sharing = \"generation\", or remove it."
		if len(s.Listeners) > 0 {
			advice = "Write sharing = \"generation\" in that listener, or remove it."
		}
		for _, e := range s.steered {
			r.fail(e.at, fmt.Sprintf("cannot use %s of rollout of service %q: %s, so the kernel cannot choose between them", e.name, s.Name, cause), advice)
		}
	}
}
