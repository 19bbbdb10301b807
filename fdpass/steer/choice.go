package steer

import (
	"fmt"
	"net/netip"
	"slices"
)

// Choice says who gets new connections.
type Choice struct {
	Current []string // keys; among several they are spread at random
	Canary  []string // likewise
	Share   float64  // of new connections, 0 to 1: goes to Canary
	Probes  []Probe  // come before everything else
}

// Probe sends connections from exactly one address and port to one member.
type Probe struct {
	From netip.AddrPort // IPv4, also for a socket that takes both; a zone is of no matter
	To   string         // key
}

// check finds what cannot be steered by.
func (c Choice) check(known func(key string) bool) error {
	if len(c.Current) == 0 {
		return fmt.Errorf("cannot steer to nobody: no current member is named")
	}
	if !(c.Share >= 0 && c.Share <= 1) {
		return fmt.Errorf("cannot steer a share of %v: it must be from 0 to 1", c.Share)
	}
	if c.Share > 0 && len(c.Canary) == 0 {
		return fmt.Errorf("cannot steer a share of %v to nobody: no canary is named", c.Share)
	}
	for _, p := range c.Probes {
		if !p.From.IsValid() || p.From.Port() == 0 {
			return fmt.Errorf("cannot steer a probe from %q: an address and a port are needed", p.From)
		}
	}
	for _, key := range c.keys() {
		if !known(key) {
			return fmt.Errorf("cannot steer to %q: it is no member", key)
		}
	}
	return nil
}

// keys gives all that are named.
func (c Choice) keys() []string {
	all := slices.Concat(c.Current, c.Canary)
	for _, p := range c.Probes {
		all = append(all, p.To)
	}
	return all
}

// without gives the choice that is left when a member is gone: a canary takes over where nobody is current.
func (c Choice) without(key string) Choice {
	gone := func(k string) bool { return k == key }
	c.Current = slices.DeleteFunc(slices.Clone(c.Current), gone)
	c.Canary = slices.DeleteFunc(slices.Clone(c.Canary), gone)
	c.Probes = slices.DeleteFunc(slices.Clone(c.Probes), func(p Probe) bool { return p.To == key })
	if len(c.Current) == 0 {
		c.Current, c.Canary = c.Canary, nil
	}
	if len(c.Canary) == 0 {
		c.Share = 0
	}
	return c
}

func (c Choice) clone() Choice {
	c.Current, c.Canary, c.Probes = slices.Clone(c.Current), slices.Clone(c.Canary), slices.Clone(c.Probes)
	return c
}
