package config

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

func asSharing(v cty.Value) (string, *refusal) {
	return asChoice("kinds of sharing", "all", "generation", "worker")(v)
}

// Steered is whether a listener has more than one socket at its address, so that the kernel has to be told which of them gets a new
// connection.
func (l *Listener) Steered() bool { return l.Sharing == "generation" || l.Sharing == "worker" }

// checkSharing refuses a socket for each generation where the kernel cannot have several, or could not be told which one to use.
func (n *node) checkSharing(l *Listener) {
	if !l.Steered() {
		return
	}
	const advice = `Write sharing = "all", or remove the line.`
	if !fitTCP.has(l.Address) {
		n.failAt("sharing", fmt.Sprintf("there can be several sockets at one address only with tcp://, tcp4:// and tcp6://, and this is %s", fitTCP.kind(l.Address)), advice)
	}
	if l.Options.Multipath {
		n.failAt("sharing", "the kernel cannot steer connections of multipath TCP", `Remove multipath, or write sharing = "all".`)
	}
	if at, given := n.has("reuse_port"); given {
		n.failValue("reuse_port", at, fmt.Sprintf("sharing = %q sees to it, and nobody else may have a socket at the address", l.Sharing), "Remove the line.")
	}
}

// checkSharers refuses those who need one socket for all beside a listener that has several.
func (r *reader) checkSharers() {
	users := map[string]string{}
	for _, s := range r.config.Services {
		for _, e := range s.listeners {
			l := r.config.Listener(e.name)
			if l == nil || !l.Steered() {
				continue
			}
			first, taken := users[e.name]
			switch {
			case taken && first != s.Name:
				r.fail(e.at, fmt.Sprintf("cannot use listener %q in service %q: with sharing = %q its sockets are of the generations of one service, and service %q has it", l.Name, s.Name, l.Sharing, first),
					`Write sharing = "all" in the listener, or give each service a listener of its own.`)
			case s.Rollout.Strategy == "rolling":
				r.fail(e.at, fmt.Sprintf("cannot use listener %q in service %q: strategy = \"rolling\" has two generations serve at once, and with sharing = %q new connections go to one", l.Name, s.Name, l.Sharing),
					`Write sharing = "all" in the listener, or remove strategy: "overlap" is the default.`)
			}
			users[e.name] = s.Name
		}
	}
	for _, s := range r.config.Serves {
		for _, e := range s.listeners {
			if l := r.config.Listener(e.name); l != nil && l.Steered() {
				r.fail(e.at, fmt.Sprintf("cannot use listener %q in serve %q: with sharing = %q its sockets are of single generations, and close with them", l.Name, s.Name, l.Sharing),
					`Write sharing = "all" in the listener, or take it from the list.`)
			}
		}
	}
}
