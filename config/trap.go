package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// use is a service as a preset's traps see it.
type use struct {
	*Service
	listeners []*Listener
	// command is that of the first worker, next that of the same worker a generation later; nil when there was a problem.
	command, next []string
}

// condition says whether a trap applies, and where the warning then stands.
type condition struct {
	words string
	holds func(use) (place, bool)
}

// warnTraps reports what goes wrong with the service's preset. first is what its first worker runs.
func (r *reader) warnTraps(s *Service, scope Scope, first Resolved) {
	before := len(r.warnings)
	if p, ok := presetOf(s.Preset); ok && len(first.Command) > 0 {
		r.warnPreset(p, s, scope, first)
	}
	if len(r.warnings) == before {
		r.warnUntold(s, first)
	}
}

// warnUntold is about a worker that nobody tells which descriptors its listeners are.
func (r *reader) warnUntold(s *Service, first Resolved) {
	if !slices.Equal(s.Handoff, []string{"none"}) || len(first.Command) == 0 {
		return
	}
	for i, l := range s.listeners {
		if r.config.System == "windows" {
			if !s.Mentions(l.name) {
				r.warn(l.at, fmt.Sprintf("nothing here tells service %q of its handle of listener %q", s.Name, l.name), adviseTelling(l.name, "HANDLE"))
			}
			continue
		}
		if number := strconv.Itoa(3 + i); !s.Mentions(l.name) && !containsAny(first.Command, []string{" " + number + " ", "/" + number, "@" + number}) {
			r.warn(l.at, fmt.Sprintf("nothing here tells service %q that listener %q is its descriptor %s", s.Name, l.name, number),
				adviseTelling(l.name, "FD"))
		}
	}
}

func adviseTelling(listener, what string) string {
	return fmt.Sprintf("Write ${listener.%s.fd} where the number belongs, or environment = { LISTEN_%s = listener.%s.fd }.", listener, what, listener)
}

func (r *reader) warnPreset(p Preset, s *Service, scope Scope, first Resolved) {
	scope.Generation++
	scope.RuntimeDir += ".next"
	u := use{Service: s, command: first.Command, next: s.late.resolve(&report{}, scope).Command}
	for _, name := range s.Listeners {
		if l := r.config.Listener(name); l != nil {
			u.listeners = append(u.listeners, l)
		}
	}
	for _, t := range p.Traps {
		if at, applies := t.when.holds(u); applies {
			r.warn(at, fmt.Sprintf("preset %q of service %q: %s", p.Name, s.Name, t.Text), t.Advice)
		}
	}
}

// listener is a condition on one listener of the service.
func listener(words string, is func(*Listener) bool) condition {
	return condition{words, func(u use) (place, bool) {
		i := slices.IndexFunc(u.listeners, is)
		if i < 0 {
			return place{}, false
		}
		for _, e := range u.Service.listeners {
			if e.name == u.listeners[i].Name {
				return e.at, true
			}
		}
		return u.presetPlace, true
	}}
}

func anyListener() condition {
	return listener("the service has listeners", func(*Listener) bool { return true })
}

func unixListener() condition {
	return listener("a unix listener with a path", func(l *Listener) bool { return l.Address.hasFile() })
}

func noStream() condition {
	return listener("a unix listener", func(l *Listener) bool { return l.Address.isPath() })
}

// dualStack is for programs that look their sockets up by address: tcp://:80 is bound to [::] for both families.
func dualStack() condition {
	return listener("a listener like tcp://:8080, of both families", func(l *Listener) bool {
		return l.Address.Network == "tcp" && l.Address.Host == "" && !isTrue(l.Options.IPv6Only)
	})
}

// samePort is for programs that look their sockets up by port only.
func samePort() condition {
	return condition{"two listeners with the same port", func(u use) (place, bool) {
		ports := map[uint32]bool{}
		for i, l := range u.listeners {
			if l.Address.isTCP() && ports[l.Address.Port] && i < len(u.Service.listeners) {
				return u.Service.listeners[i].at, true
			}
			ports[l.Address.Port] = l.Address.isTCP()
		}
		return place{}, false
	}}
}

// lacks holds when the command has none of the texts.
func lacks(texts ...string) condition {
	return condition{"the command has no " + strings.Join(texts, ", "), func(u use) (place, bool) {
		return u.late.at("command"), !containsAny(u.command, texts)
	}}
}

// has holds when the command has one of the texts.
func has(texts ...string) condition {
	return condition{"the command has " + strings.Join(texts, " or "), func(u use) (place, bool) {
		return u.late.at("command"), containsAny(u.command, texts)
	}}
}

func containsAny(command, texts []string) bool {
	line := strings.Join(command, " ") + " "
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) })
}

// unnamed holds for a listener whose name does not follow the prefix in any argument, while other names do: those of things. Case does
// not matter.
func unnamed(things, prefix string) condition {
	return condition{fmt.Sprintf("the command names %s, and a listener is none of them", things), func(u use) (place, bool) {
		var names []string
		for _, argument := range u.command {
			if rest, ok := strings.CutPrefix(strings.ToLower(argument), prefix); ok {
				name, _, _ := strings.Cut(rest, ".")
				names = append(names, name)
			}
		}
		for _, l := range u.Service.listeners {
			if len(names) > 0 && !slices.Contains(names, strings.ToLower(l.name)) {
				return l.at, true
			}
		}
		return place{}, false
	}}
}

// signalled holds for a stop signal.
func signalled(names ...string) condition {
	return condition{"stop.signal is " + strings.Join(names, " or "), func(u use) (place, bool) {
		return u.signalPlace, slices.Contains(names, u.Stop.Signal)
	}}
}

// handedBy holds when the dialect is among those of the service.
func handedBy(dialect string) condition {
	return condition{fmt.Sprintf("handoff has %q", dialect), func(u use) (place, bool) {
		return u.presetPlace, slices.Contains(u.Handoff, dialect)
	}}
}

// waitsFor holds for a kind of readiness.
func waitsFor(when string) condition {
	return condition{fmt.Sprintf("ready.when is %q", when), func(u use) (place, bool) {
		return u.presetPlace, u.Ready.When == when
	}}
}

// sharedPID holds when two generations that run together would write the same pid file; needed says that the program
// writes one also when the command does not name it.
func sharedPID(needed bool) condition {
	words := "rollout is no replace, and a pid file of the command is the same for every generation"
	if needed {
		words = "rollout is no replace, and no pid file of the command differs between generations"
	}
	return condition{words, func(u use) (place, bool) {
		named, differs := needed, false
		for i, argument := range u.command {
			if strings.Contains(strings.ToLower(argument), "pid") {
				named = true
			}
			differs = differs || i < len(u.next) && u.next[i] != argument && u.aboutPID(i)
		}
		return u.late.at("command"), named && !differs && u.Rollout.Strategy != "replace"
	}}
}

// aboutPID is whether an argument, or the flag before it, has to do with a pid file; -p is short for it in several programs.
func (u use) aboutPID(i int) bool {
	about := func(s string) bool { return strings.Contains(strings.ToLower(s), "pid") || s == "-p" }
	return about(u.command[i]) || i > 0 && about(u.command[i-1])
}

// both holds when each of its conditions does; the place is that of the first.
func both(first condition, others ...condition) condition {
	words := first.words
	for _, c := range others {
		words += ", and " + c.words
	}
	return condition{words, func(u use) (place, bool) {
		at, ok := first.holds(u)
		for _, c := range others {
			_, also := c.holds(u)
			ok = ok && also
		}
		return at, ok
	}}
}
