package config

import (
	"fmt"
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// serveProtocols is in the order in which errors list them.
var serveProtocols = []string{"haproxy", "zerg", "s6-fdholder", "multibinder"}

func (r *reader) readServe(block *hcl.Block, names firsts) {
	name, _, ok := r.label(block, names)
	n := r.open("serve", fmt.Sprintf("serve %q", name), block.TypeRange, block.Body)
	s := &Serve{Name: name, Where: where(block.TypeRange), written: n.written}

	n.need("protocol", "no protocol", `protocol = "s6-fdholder"`)
	take(n, "protocol", &s.Protocol, asChoice("protocols", serveProtocols...))
	n.takeServeAddress(s)
	n.need("listeners", "no listeners to give away", `listeners = ["web"]`)
	s.listeners = takeNames(n, "listeners", &s.Listeners)
	n.failTwice("listeners", s.listeners)
	if at, given := n.has("listeners"); given && s.Protocol == "zerg" && len(s.Listeners) > mostZerg {
		n.failValue("listeners", at, fmt.Sprintf("zerg has room for %d, these are %d", mostZerg, len(s.Listeners)), "Write a second serve block for the others.")
	}
	if at, given := n.has("listeners"); given && len(s.Listeners) == 0 {
		n.failEmpty(at)
	}
	take(n, "mode", &s.Mode, asMode)
	take(n, "group", &s.Group, asAccount)
	take(n, "users", &s.Users, asAccounts)
	take(n, "store", &s.Store, asPatterns)
	n.checkServe(s)
	if ok {
		r.config.Serves = append(r.config.Serves, s)
	}
}

// mostZerg is how many descriptors go in the one message of the protocol: SCM_MAX_FD of Linux, unix(7).
const mostZerg = 253

// need reports an attribute that must be given.
func (n *node) need(name, lacks, example string) {
	if _, given := n.has(name); !given && !n.broken {
		n.fail(n.at, fmt.Sprintf("cannot use %s: it has %s", n.noun, lacks), "Add for example "+example+".")
	}
}

// failEmpty is for a list that was read as empty; one that could not be read is reported already.
func (n *node) failEmpty(at place) {
	if n.written["listeners"].text != "" {
		n.failValue("listeners", at, "it is empty, so there is nothing to give away", `Write for example ["web"].`)
	}
}

func (n *node) takeServeAddress(s *Serve) {
	n.need("address", "no address", `address = "unix:///run/app/`+n.exampleSocket(s)+`"`)
	if _, given := n.has("address"); !given || !n.takeAddress(&s.Address) {
		return
	}
	s.place = n.content.Attributes["address"].Expr.Range()
	if s.Address.Network != "unix" {
		n.failAt("address", "the protocols are spoken over a unix stream socket", "Write unix://PATH.")
		s.Address = Address{}
	}
}

func (n *node) exampleSocket(s *Serve) string {
	if s.Protocol == "s6-fdholder" || s.Protocol == "" {
		return "fdholder.sock"
	}
	return s.Protocol + ".sock"
}

// checkServe refuses attributes that mean nothing for the protocol or the address.
func (n *node) checkServe(s *Serve) {
	for _, name := range []string{"mode", "group"} {
		if at, given := n.has(name); given && s.Address.isAbstract() {
			n.failValue(name, at, "an abstract name has no such option", "Remove the line: users says who may ask.")
		}
	}
	if at, given := n.has("store"); given && s.Protocol != "" && s.Protocol != "s6-fdholder" {
		n.failValue("store", at, fmt.Sprintf("nothing can be stored by %s", s.Protocol), `Remove the line, or write protocol = "s6-fdholder".`)
	}
}

// servedBy are the networks that a protocol can name; one that is not here has every kind of descriptor.
var servedBy = map[string]fit{
	"haproxy":     {networks: []string{"tcp", "tcp4", "tcp6", "unix"}},
	"zerg":        {networks: []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket", "vsock"}},
	"multibinder": {networks: []string{"tcp", "tcp4", "tcp6"}},
}

// checkServed refuses listeners for which the protocol has no words.
func (r *reader) checkServed(s *Serve) {
	fits, limited := servedBy[s.Protocol]
	for _, e := range s.listeners {
		if l := r.config.Listener(e.name); limited && l != nil && !fits.has(l.Address) {
			r.fail(e.at, fmt.Sprintf("cannot use listeners of serve %q: %s has no words for %q, which is %s", s.Name, s.Protocol, e.name, l.Address.Network),
				"It is for "+fits.String()+".")
		}
	}
}

// asPatterns reads the patterns of store, path.Match of the standard library.
func asPatterns(v cty.Value) ([]string, *refusal) {
	patterns, r := asNames(v)
	for i, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			r = r.and((&refusal{cause: fmt.Sprintf("%q is no pattern", shorten(pattern)), advice: `Write for example "app.*"; a "[" needs its "]".`}).in(i, ""))
		}
	}
	return patterns, r
}
