package registry

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// damage is what a worker can do to a shared listener.
type damage int

const (
	shutDown damage = iota
	relistened
	flagged
	pathRemoved
	numDamages
)

// saying is the last log line about one kind of damage.
type saying struct {
	text string // who did what
	at   time.Time
	more int // times it was not repeated
}

const (
	repairPause = 100 * time.Millisecond // between two repairs of a listener that kernel events lead to
	sayingPause = time.Minute            // between two log lines about the same damage by the same worker
)

// watched handles an event of the kernel. A worker that shuts its listener down in a loop keeps us busy ten times a
// second and no more.
func (r *Registry) watched(e fdpass.WatchEvent) {
	m := r.bySocket[e.Socket]
	if m == nil || r.replaying {
		return
	}
	if pause := repairPause - time.Since(m.restored); pause > 0 {
		r.after(m, &m.repair, pause, func() { r.repair(m) })
		return
	}
	r.repair(m)
}

func (r *Registry) repair(m *member) {
	m.restored = time.Now()
	r.check(m, nil)
}

func (r *Registry) checkAll(list []*member, by *worker) {
	var suspects []*worker
	if by != nil {
		suspects = []*worker{by}
	}
	for _, m := range list {
		if r.bySocket[m.socket] == m {
			r.check(m, suspects)
		}
	}
}

// check compares m with what it has to be, puts back what differs and logs who did it: by, or those who may have.
func (r *Registry) check(m *member, by []*worker) (fdpass.State, error) {
	if r.replaying {
		return m.socket.State()
	}
	if m.unheld {
		r.entrust(m)
	}
	linked, lost := m.socket.RestorePath()
	state, err := m.socket.State()
	if err != nil {
		r.log.Error("cannot look at listener", "listener", m.of.name, "error", err)
		return state, err
	}
	if !linked && lost == nil && m.sound(state) {
		return state, nil
	}
	if len(by) == 0 {
		by = m.suspects()
	}
	if lost != nil {
		r.replacePath(m, by, lost)
	}
	if linked {
		r.say(m, pathRemoved, by, "path of a listener was removed, put back", "path", m.socket.Address().Path)
	}
	return r.mend(m, by)
}

// sound is whether a state is as it has to be.
func (m *member) sound(s fdpass.State) bool {
	return s.Listening && !m.otherBacklog(s) && s.Nonblocking == m.flag.want
}

func (m *member) otherBacklog(s fdpass.State) bool { return s.Backlog >= 0 && s.Backlog != m.backlog }

func (r *Registry) mend(m *member, by []*worker) (fdpass.State, error) {
	r.dirty = true
	state, err := m.socket.State()
	if err != nil {
		return state, err
	}
	switch {
	case !state.Listening:
		r.revive(m, by)
	case m.otherBacklog(state):
		r.relisten(m, by, state.Backlog)
	}
	if state.Nonblocking != m.flag.want {
		r.checkFlag(m, by, state.Nonblocking)
	}
	return m.socket.State()
}

// revive makes a listener that was shut down accept again. What waited in its queue is lost: the kernel has reset it.
func (r *Registry) revive(m *member, by []*worker) {
	r.left(m)
	defer r.rejoin(m)
	if listens(m.socket.Address()) && m.socket.Relisten() == nil {
		m.measure()
		r.say(m, shutDown, by, "worker shut a listener down, listening again")
		return
	}
	// The kernel knows no way back for this kind.
	if err := r.reopen(m); err != nil {
		r.say(m, shutDown, by, "worker shut a listener down, cannot open it anew", "error", err)
		return
	}
	r.say(m, shutDown, by, "worker shut a listener down, opened anew for the next generation")
	r.announce(m.of)
}

// reopen puts another socket in the place of m's, with everything that workers set on it. Those who have the old one
// need a new generation: announce it.
func (r *Registry) reopen(m *member) error {
	r.watcher.Remove(m.socket)
	err := m.socket.Reopen()
	r.addresses = nil
	r.watch(m)
	if err != nil {
		return err
	}
	m.measure()
	r.setFlag(m, m.flag.want)
	m.outdated = m.leasers()
	if m.of.paused {
		if err := m.socket.Pause(); err != nil {
			r.log.Error("cannot hold listener as before", "listener", m.of.name, "error", err)
		}
	}
	r.entrust(m)
	r.mirror()
	return nil
}

func (r *Registry) relisten(m *member, by []*worker, found int) {
	if err := m.socket.Relisten(); err != nil {
		r.say(m, relistened, by, "worker changed the backlog of a listener, cannot put it back", "error", err)
		return
	}
	m.measure()
	if m.backlog == found {
		return // net.core.somaxconn has changed, not the worker
	}
	r.say(m, relistened, by, "worker changed the backlog of a listener, put back", "found", found, "backlog", m.backlog)
}

func (r *Registry) checkFlag(m *member, by []*worker, now bool) {
	if len(m.workers) == 0 {
		return // done by a worker that we shall hear of: it has just been started
	}
	decider := m.flag.decider
	culprits := m.flag.changed(now, by, m.workers)
	if len(culprits) == 0 {
		return
	}
	r.setFlag(m, m.flag.want)
	r.say(m, flagged, culprits, "worker changed O_NONBLOCK of a shared listener, put back",
		"nonblocking", m.flag.want, "against", against(m, decider),
		"advice", "programs that differ in this need separate listeners, or rollout strategy replace")
}

// against names the workers that rely on the flag.
func against(m *member, decider User) string {
	relying := slices.DeleteFunc(slices.Clone(m.workers), func(w *worker) bool { return w.user != decider })
	if len(relying) == 0 {
		return fmt.Sprintf("%s.%d", decider.Service, decider.Generation)
	}
	return list(relying)
}

func (r *Registry) setFlag(m *member, on bool) {
	if err := m.socket.SetNonblocking(on); err != nil {
		r.log.Error("cannot set O_NONBLOCK of listener", "listener", m.of.name, "nonblocking", on, "error", err)
	}
}

// elect settles whose O_NONBLOCK is in force and sets it.
func (r *Registry) elect(m *member) {
	if r.bySocket[m.socket] != m || r.replaying {
		return
	}
	was := m.flag.want
	r.dirty = true
	m.flag.elect(m.workers, func(u User) int { return r.promoted[u] })
	if len(m.workers) == 0 && (len(m.of.users) <= 1 || m.of.steered != nil) {
		// With another generation around, a worker of it may have been started a moment ago.
		m.flag.want = m.flag.start
	}
	if m.flag.want != was {
		r.setFlag(m, m.flag.want)
		r.log.Debug("listener has another O_NONBLOCK", "listener", m.of.name, "nonblocking", m.flag.want)
	}
}

// replacePath opens another socket at the path of one that cannot be linked back, when nothing is there. What somebody
// else has put at the path is not ours to remove.
func (r *Registry) replacePath(m *member, by []*worker, err error) {
	if _, gone := os.Lstat(m.socket.Address().Path); errors.Is(gone, os.ErrNotExist) {
		err = r.reopen(m)
	}
	if err != nil {
		r.say(m, pathRemoved, by, "path of a listener was removed, cannot put it back", "error", err)
		return
	}
	r.say(m, pathRemoved, by, "path of a listener was removed, opened anew for the next generation")
	r.announce(m.of)
}

// say logs damage. The same by the same worker is logged once a minute, with the number of times it was not.
func (r *Registry) say(m *member, d damage, by []*worker, text string, pairs ...any) {
	s := &m.said[d]
	key := text + list(by)
	if s.text == key && time.Since(s.at) < sayingPause {
		s.more++
		return
	}
	args := append([]any{"listener", m.of.name}, blame(by)...)
	args = append(args, pairs...)
	if m.of.lent {
		args = append(args, "or", "a program outside that was given the listener")
	}
	if s.text == key && s.more > 0 {
		args = append(args, "repeated", s.more)
	}
	*s = saying{text: key, at: time.Now()}
	r.log.Warn(text, args...)
}

// announce tells Options.Replaced about h, outside of run, one call at a time.
func (r *Registry) announce(h *held) {
	if r.tell == nil || r.byName[h.name] != h {
		return // those who have a removed one are on their way out
	}
	if h.telling || r.settling {
		h.again = true
		return
	}
	h.telling = true
	name := h.name
	go func() {
		r.tell(name)
		r.do(func() {
			h.telling = false
			if h.again {
				h.again = false
				r.announce(h)
			}
		})
	}()
}
