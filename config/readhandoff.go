package config

import (
	"fmt"
	"slices"
	"strings"
)

// The dialects by name, the ones to prefer first.
var (
	handoffs = []string{
		"systemd", "handles", "systemfd", "einhorn", "server-starter", "nginx", "angie", "php-fpm", "unicorn", "puma", "gunicorn", "nghttpx", "tableflip",
		"overseer", "endless", "grace", "goagain", "upstart", "circus", "stdin", "none", "haproxy", "zerg", "s6-fdholder", "multibinder", "adopt",
	}
	laterHandoffs = []string{"pingora"}
)

// maxStored bounds fd_store: what goes to a worker at once is at most 253 descriptors (SCM_MAX_FD, unix(7)), listeners and all.
const maxStored = 128

func (n *node) readHandoff(s *Service) {
	s.listeners = takeNames(n, "listeners", &s.Listeners)
	n.failTwice("listeners", s.listeners)
	s.late.own = s.Listeners
	dialects := takeNames(n, "handoff", &s.Handoff)
	take(n, "listen_pid", &s.ListenPID, asChoice("values", "own", "omit", "parent"))
	take(n, "fd_store", &s.FDStore, asInteger(0, maxStored))
	n.failTwice("handoff", dialects)
	n.checkDialects(dialects)
	n.checkTogether(s)
	n.checkSystemd(s)
	n.checkAdopt(s)
	n.fitHandoff(s, dialects)
	s.late.asks = len(s.Handoff) > 0 && len(common(s.Handoff, onSocket)) == len(s.Handoff)
	s.late.adopts = s.Adopts()
}

// fitHandoff gives each dialect the name under which the system has it, and leaves out those that it does not have. It is an error only
// when none is left: the others are there so that a file works elsewhere too.
func (n *node) fitHandoff(s *Service, dialects []named) {
	fits := make([]string, 0, len(s.Handoff))
	var lost []named
	for i, name := range s.Handoff {
		is := supportOf(n.config.System, "service.handoff", name)
		if is.how == absent && slices.Contains(handoffs, name) {
			d := named{name, s.presetPlace}
			if i < len(dialects) {
				d = dialects[i]
			}
			lost = append(lost, d)
			continue
		}
		if is.how == renamed {
			name = is.text
		}
		if !slices.Contains(fits, name) {
			fits = append(fits, name)
		}
	}
	n.reportLost(s, lost, len(fits) > 0)
	s.Handoff = fits
}

func (n *node) reportLost(s *Service, lost []named, others bool) {
	for _, d := range lost {
		is := supportOf(n.config.System, "service.handoff", d.name)
		is.cause = fmt.Sprintf("%q: %s", d.name, is.cause)
		switch {
		case others:
			is.advice = "The worker gets its listeners by the others of the list."
			n.warnHere(d.at, "a dialect of "+n.noun, is)
		case !s.misfit:
			n.failHere("handoff", d.at, is)
		}
	}
}

// checkDialects refuses names that are none.
func (n *node) checkDialects(dialects []named) {
	for _, d := range dialects {
		switch {
		case slices.Contains(handoffs, d.name):
		case slices.Contains(laterHandoffs, d.name):
			n.failValue("handoff", d.at, fmt.Sprintf("%q is not supported yet", d.name), "Dialects are "+list(handoffs)+".")
		case d.name == "uwsgi":
			n.failValue("handoff", d.at, `there is no dialect "uwsgi"`, `uWSGI reads "systemd" and "upstart", and "zerg" with --zerg: write preset = "uwsgi".`)
		default:
			n.failValue("handoff", d.at, fmt.Sprintf("there is no dialect %q", shorten(d.name)), adviseHandoff(d.name))
		}
	}
}

// checkTogether refuses dialects that exclude each other, and numbers of listeners that they cannot place.
func (n *node) checkTogether(s *Service) {
	if count := len(s.Listeners); slices.Contains(s.Handoff, "stdin") && count != 1 {
		by, advice := "handoff", `Give it exactly one listener, or remove "stdin".`
		if _, given := n.has(by); !given {
			by, advice = "preset", fmt.Sprintf("Give it exactly one listener, or write another handoff: preset %q has \"stdin\".", s.Preset)
		}
		n.failAt(by, fmt.Sprintf(`"stdin" hands over one listener as descriptor 0, %s has %d`, n.noun, count), advice)
	}
	if slices.Contains(s.Handoff, "none") && len(s.Handoff) > 1 && !s.Adopts() {
		n.failAt("handoff", `"none" says nothing to the worker, the others do`, `Write ["none"], or remove "none".`)
	}
	if fixed := common(s.Handoff, fixedNumbers); slices.Contains(s.Handoff, "tableflip") && len(fixed) > 0 {
		n.failAt("handoff", fmt.Sprintf(`"tableflip" has descriptors 3 and 4 for itself, where %s has the first listener`, quotedAnd(fixed)), `Write ["tableflip"].`)
	}
	if parents := common(s.Handoff, signallers); len(parents) > 1 {
		n.failAt("handoff", fmt.Sprintf("%s each tell their parent process in their own way that they serve, and a worker has one parent", quotedAnd(parents)), "Keep the one that the program reads.")
	}
}

var (
	// fixedNumbers are the dialects whose listeners must be at 3, 4, ….
	fixedNumbers = []string{"systemd", "overseer", "endless", "grace"}
	// onSocket are the dialects in which a worker asks for its listeners on a socket and has no descriptors before.
	onSocket = []string{"haproxy", "zerg", "s6-fdholder", "multibinder"}
	// signallers are those whose workers send a signal to their parent.
	signallers = []string{"nghttpx", "overseer", "endless", "grace", "goagain"}
)

// checkSystemd refuses what only the systemd dialect has words for.
func (n *node) checkSystemd(s *Service) {
	if slices.Contains(s.Handoff, "systemd") {
		return
	}
	advice := `Add "systemd" to handoff, or remove the line.`
	if s.Adopts() {
		advice = "Remove the line."
	}
	if _, given := n.has("listen_pid"); given {
		n.failAt("listen_pid", "LISTEN_PID is of the systemd dialect, which is not in handoff", advice)
	}
	if _, given := n.has("fd_store"); given && s.FDStore > 0 {
		n.failAt("fd_store", "stored descriptors come back by LISTEN_FDS of the systemd dialect, which is not in handoff", advice)
	}
}

// common gives the names that are in both lists.
func common(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(others, name) })
}

// quotedAnd is "a", "b" and "c".
func quotedAnd(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	last := len(quoted) - 1
	if last < 1 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}

// adviseHandoff guesses among all dialects, but lists only those that work.
func adviseHandoff(name string) string {
	if guess := suggest(name, laterHandoffs); guess != "" && suggest(name, handoffs) == "" {
		return fmt.Sprintf("Did you mean %q?", guess)
	}
	return didYouMean(name, handoffs, "dialects")
}
