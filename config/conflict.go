package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// checkAddresses finds listeners of the file that cannot be open at the same time: the later one is EADDRINUSE, bind(2).
// Only listeners with the same port or name are compared, so that thousands of them take no time.
func (r *reader) checkAddresses() {
	groups := map[string][]*Listener{}
	for _, l := range r.config.Listeners {
		if l.Address.Network == "" {
			continue
		}
		key := l.Address.slot()
		for _, other := range groups[key] {
			if conflict(other, l) {
				r.failConflict(other, l)
				break
			}
		}
		groups[key] = append(groups[key], l)
	}
	if c := r.config.Control.Address; c.Path != "" {
		for _, l := range groups[c.slot()] {
			r.fail(l.place, fmt.Sprintf("cannot use address of listener %q: %s is the control socket", l.Name, l.Address), "Give each its own path.")
		}
	}
	r.checkServeAddresses(groups)
}

// checkServeAddresses finds serve blocks whose socket somebody else has, and listeners that would be taken from them.
func (r *reader) checkServeAddresses(groups map[string][]*Listener) {
	taken := map[string]string{r.config.Control.Address.slot(): "the control socket"}
	for slot, listeners := range groups {
		taken[slot] = fmt.Sprintf("that of listener %q", listeners[0].Name)
	}
	for _, s := range r.config.Serves {
		if s.Address.Path == "" {
			continue
		}
		slot := s.Address.slot()
		if by := taken[slot]; by != "" {
			r.fail(s.place, fmt.Sprintf("cannot use address of serve %q: %s is %s", s.Name, s.Address, by), "Give each its own path.")
			continue
		}
		taken[slot] = fmt.Sprintf("that of serve %q", s.Name)
		r.checkTakenFrom(s)
	}
}

// checkTakenFrom refuses a listener that supervise would have to ask itself for.
func (r *reader) checkTakenFrom(s *Serve) {
	for _, l := range r.config.Listeners {
		if l.TakeFrom != nil && l.TakeFrom.Path == s.Address.Path {
			r.fail(l.takePlace, fmt.Sprintf("cannot take listener %q from %s: that is the socket of serve %q, supervise would ask itself", l.Name, l.TakeFrom, s.Name),
				"Name the socket of the program that has the listener now, or remove the line.")
		}
	}
}

func (r *reader) failConflict(first, second *Listener) {
	text := fmt.Sprintf("cannot open listener %q on %s: listener %q has %s (EADDRINUSE)", second.Name, second.Address, first.Name, first.Address)
	advice := fmt.Sprintf("Listener %q is at %s. ", first.Name, first.Where)
	switch a, b := first.Address, second.Address; {
	case a.isInet() && (a.Host == "" && b.isIPv4() || b.Host == "" && a.isIPv4()) && a.Network != b.Network:
		advice += "A wildcard address of tcp:// and udp:// takes IPv4 as well: write it with tcp6:// or udp6:// for IPv6 only, or use one listener."
	case a.isInet():
		advice += "Use one listener for both, another port, or reuse_port = true in both."
	default:
		advice += "Use one listener for both, or another address."
	}
	r.fail(second.place, text, advice)
}

// slot is equal for all addresses that could conflict.
func (a Address) slot() string {
	switch {
	case a.isAbstract(): // the kernel looks names up by type as well
		return a.Network + " " + a.Path
	case a.isPath():
		return "path " + a.Path
	}
	return fmt.Sprintf("%s %d", strings.TrimRight(a.Network, "46"), a.Port)
}

// conflict says whether Linux refuses the second of two listeners in the same slot. The rules are those that the test
// beside this file finds with real sockets.
func conflict(a, b *Listener) bool {
	switch {
	case a.Address.isPath():
		return true
	case a.Address.Port == 0:
		return false
	case a.Address.Network == "vsock":
		return a.Address.Host == b.Address.Host || a.Address.Host == "" || b.Address.Host == ""
	case isTrue(a.Options.ReusePort) && isTrue(b.Options.ReusePort):
		return false
	case a.device() != b.device() && a.device() != "" && b.device() != "":
		return false
	}
	x, y := a.cover(), b.cover()
	return overlap(x.four, y.four) || overlap(x.six, y.six)
}

func isTrue(b *bool) bool { return b != nil && *b }

// device is the only network device on which a listener hears; the zone of an address ties it to one as well.
func (l *Listener) device() string {
	if l.Options.BindDevice != "" {
		return l.Options.BindDevice
	}
	_, zone, _ := strings.Cut(l.Address.Host, "%")
	return zone
}

// cover is what a socket takes of each family: nil for nothing, unspecified for all.
type cover struct{ four, six *netip.Addr }

func (l *Listener) cover() cover {
	a := l.Address
	four, six := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	if a.Host != "" {
		ip := netip.MustParseAddr(a.Host).WithZone("")
		if ip.Is4() {
			return cover{four: &ip}
		}
		return cover{six: &ip}
	}
	switch {
	case strings.HasSuffix(a.Network, "4"):
		return cover{four: &four}
	case strings.HasSuffix(a.Network, "6") || isTrue(l.Options.IPv6Only):
		return cover{six: &six}
	}
	return cover{four: &four, six: &six}
}

func overlap(a, b *netip.Addr) bool {
	return a != nil && b != nil && (*a == *b || a.IsUnspecified() || b.IsUnspecified())
}
