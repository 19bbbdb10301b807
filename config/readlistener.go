package config

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// reservedNames mean something else in LISTEN_FDNAMES, sd_listen_fds_with_names(3).
var reservedNames = []string{"unknown", "stored", "connection"}

func (r *reader) readListener(block *hcl.Block, names firsts) {
	name, at, ok := r.label(block, names)
	if slices.Contains(reservedNames, name) {
		r.fail(at, fmt.Sprintf("cannot use the name of listener %q: systemd keeps it for itself in LISTEN_FDNAMES", name), "Take another name.")
	}
	n := r.open("listener", fmt.Sprintf("listener %q", name), block.TypeRange, block.Body)
	l := defaultListener(name)
	l.Where, l.written = where(block.TypeRange), n.written

	take(n, "sharing", &l.Sharing, asSharing)
	take(n, "mode", &l.Mode, asMode)
	take(n, "owner", &l.Owner, asAccount)
	take(n, "group", &l.Group, asAccount)
	take(n, "backlog", &l.Backlog, asBacklog)
	take(n, "take_from", &l.TakeFrom, n.asTakeFrom)
	n.takeOptions(&l.Options)
	n.usable("sharing", l.Sharing, place{})
	if n.takeAddress(&l.Address) && n.checkPipe(l) {
		l.place = n.content.Attributes["address"].Expr.Range()
		n.usable("address", l.Address.scheme(), place{})
		n.checkFit(l)
	}
	if ok {
		r.config.Listeners = append(r.config.Listeners, l)
	}
}

// checkPipe refuses a listener that is a named pipe: nobody could be given one to listen on.
func (n *node) checkPipe(l *Listener) bool {
	if !l.Address.isPipe() {
		return true
	}
	n.failAt("address", "a named pipe is no socket, and is for control only", "Write for example tcp://127.0.0.1:8080.")
	l.Address = Address{}
	return false
}

// takeAddress reads the address, false when there is none that can be used.
func (n *node) takeAddress(to *Address) bool {
	if _, given := n.has("address"); !given {
		if n.broken {
			return false
		}
		n.fail(n.at, fmt.Sprintf("cannot use %s: it has no address", n.noun), `Add for example address = "tcp://:8080".`)
		return false
	}
	take(n, "address", to, func(v cty.Value) (Address, *refusal) { return n.asAddress(v) })
	return to.Network != ""
}

func (n *node) asAddress(v cty.Value) (Address, *refusal) {
	s, r := asText(v)
	if r != nil {
		return Address{}, r
	}
	a, r := parseAddress(s)
	if r == nil && supportOf(n.config.System, "listener.address", a.scheme()).how != absent {
		a, r = a.under(n.paths)
	}
	if r != nil {
		return Address{}, &refusal{cause: fmt.Sprintf("%q: %s", shorten(s), r.cause), advice: sentence(r.advice)}
	}
	return a, nil
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, "?") {
		return upperFirst(s)
	}
	return upperFirst(s) + "."
}

// asMode refuses 0: it would shut everybody out.
func asMode(v cty.Value) (uint32, *refusal) {
	mode, r := asOctal(v)
	if r == nil && mode == 0 {
		r = &refusal{cause: "nobody could open it", advice: `Write for example "0660".`}
	}
	return mode, r
}

// asAccount reads a user or group by name or number; whether it exists shows at start.
func asAccount(v cty.Value) (string, *refusal) {
	s, r := asWord(v)
	if r == nil && strings.ContainsAny(s, ":/ \t\n") {
		return "", &refusal{cause: fmt.Sprintf("%q is no name of a user or group", shorten(s)), advice: "Write one name or number."}
	}
	return s, r
}

// asBacklog reads the n of listen(2); "max" is 0.
func asBacklog(v cty.Value) (int, *refusal) {
	if v.Type() == cty.String && !v.IsNull() && v.AsString() == "max" {
		return 0, nil
	}
	n, r := asInteger(1, math.MaxInt32)(v)
	if r != nil {
		r.advice = `Write a whole number from 1 to 2147483647, or "max" for as many as the running system allows.`
	}
	return n, r
}

// checkFit refuses attributes that mean nothing for the network of the address.
func (n *node) checkFit(l *Listener) {
	a := l.Address
	if at, given := n.has("backlog"); given && !a.hasBacklog() {
		cause := "a datagram socket has no backlog, listen(2) answers EOPNOTSUPP"
		if a.isFIFO() {
			cause = "a FIFO is no socket and has no backlog"
		}
		n.failValue("backlog", at, cause, "Remove the line.")
	}
	for _, name := range slices.Concat([]string{"mode", "owner", "group"}, optionNames) {
		at, given := n.has(name)
		if fits := optionFit(name); given && !fits.has(a) {
			n.failValue(name, at, fmt.Sprintf("%s has no such option", fits.kind(a)), "It is for "+fits.String()+".")
		}
	}
	n.checkTake(l)
	n.checkSharing(l)
	n.checkFamily(a, l.Options.IPv6Only)
	n.checkKeepAlive(l.Options)
}

// checkFamily is for ipv6_only, which must not contradict the address.
func (n *node) checkFamily(a Address, only *bool) {
	if only == nil || !a.isInet() {
		return
	}
	base := strings.TrimRight(a.Network, "46")
	switch {
	case strings.Contains(a.Host, "."):
		n.failAt("ipv6_only", a.Host+" is an IPv4 address", "Remove the line.")
	case strings.HasSuffix(a.Network, "6") && !*only:
		n.failAt("ipv6_only", a.Network+" is IPv6 only", "Write the address with "+base+":// for both, or remove the line.")
	}
}

func (n *node) checkKeepAlive(o Options) {
	if o.KeepAlive == nil || *o.KeepAlive {
		return
	}
	for _, name := range []string{"keepalive_idle", "keepalive_interval", "keepalive_count"} {
		if at, given := n.has(name); given {
			n.failValue(name, at, "keepalive = false switches it off", "Remove one of the two.")
		}
	}
}

func (r *reader) readControl(n *node) {
	c := &r.config.Control
	if _, given := n.has("address"); given && n.takeAddress(&c.Address) {
		n.checkControl(c)
	}
	take(n, "mode", &c.Mode, asMode)
	take(n, "group", &c.Group, asAccount)
}

// checkControl refuses an address at which the system would not say who connects.
func (n *node) checkControl(c *Control) {
	switch {
	case !c.Address.isPipe() && c.Address.Network != "unix":
		cause, advice := "commands come over a unix socket", "Write unix://PATH."
		if n.config.System == "windows" {
			cause, advice = "commands come over a named pipe", "Write pipe://NAME."
		}
		n.failAt("address", cause, advice)
	case n.usable("address", c.Address.scheme(), place{}):
		return
	}
	c.Address = Address{}
}

func (r *reader) readLog(n *node) {
	r.config.Log = defaultLog()
	take(n, "level", &r.config.Log.Level, asChoice("levels", "trace", "debug", "info", "warn", "error"))
	take(n, "format", &r.config.Log.Format, asChoice("formats", "text", "json"))
}
