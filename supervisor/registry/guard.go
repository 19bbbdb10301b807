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
	h := r.bySocket[e.Socket]
	if h == nil || r.replaying {
		return
	}
	if pause := repairPause - time.Since(h.restored); pause > 0 {
		r.after(h, &h.repair, pause, func() { r.repair(h) })
		return
	}
	r.repair(h)
}

func (r *Registry) repair(h *held) {
	h.restored = time.Now()
	r.check(h, nil)
}

func (r *Registry) checkAll(list []*held, by *worker) {
	var suspects []*worker
	if by != nil {
		suspects = []*worker{by}
	}
	for _, h := range list {
		if r.bySocket[h.socket] == h {
			r.check(h, suspects)
		}
	}
}

// check compares h with what it has to be, puts back what differs and logs who did it: by, or those who may have.
func (r *Registry) check(h *held, by []*worker) (fdpass.State, error) {
	if r.replaying {
		return h.socket.State()
	}
	if h.unheld {
		r.entrust(h)
	}
	linked, lost := h.socket.RestorePath()
	state, err := h.socket.State()
	if err != nil {
		r.log.Error("cannot look at listener", "listener", h.name, "error", err)
		return state, err
	}
	if !linked && lost == nil && h.sound(state) {
		return state, nil
	}
	if len(by) == 0 {
		by = h.suspects()
	}
	if lost != nil {
		r.replacePath(h, by, lost)
	}
	if linked {
		r.say(h, pathRemoved, by, "path of a listener was removed, put back", "path", h.socket.Address().Path)
	}
	return r.mend(h, by)
}

// sound is whether a state is as it has to be.
func (h *held) sound(s fdpass.State) bool {
	return s.Listening && !h.otherBacklog(s) && s.Nonblocking == h.flag.want
}

func (h *held) otherBacklog(s fdpass.State) bool { return s.Backlog >= 0 && s.Backlog != h.backlog }

func (r *Registry) mend(h *held, by []*worker) (fdpass.State, error) {
	r.dirty = true
	state, err := h.socket.State()
	if err != nil {
		return state, err
	}
	switch {
	case !state.Listening:
		r.revive(h, by)
	case h.otherBacklog(state):
		r.relisten(h, by, state.Backlog)
	}
	if state.Nonblocking != h.flag.want {
		r.checkFlag(h, by, state.Nonblocking)
	}
	return h.socket.State()
}

// revive makes a listener that was shut down accept again. What waited in its queue is lost: the kernel has reset it.
func (r *Registry) revive(h *held, by []*worker) {
	if listens(h.socket.Address()) && h.socket.Relisten() == nil {
		h.measure()
		r.say(h, shutDown, by, "worker shut a listener down, listening again")
		return
	}
	// The kernel knows no way back for this kind.
	if err := r.reopen(h); err != nil {
		r.say(h, shutDown, by, "worker shut a listener down, cannot open it anew", "error", err)
		return
	}
	r.say(h, shutDown, by, "worker shut a listener down, opened anew for the next generation")
	r.announce(h)
}

// reopen puts another socket in the place of h's, with everything that workers set on it. Those who have the old one
// need a new generation: announce it.
func (r *Registry) reopen(h *held) error {
	r.watcher.Remove(h.socket)
	err := h.socket.Reopen()
	r.addresses = nil
	r.watch(h)
	if err != nil {
		return err
	}
	h.measure()
	r.setFlag(h, h.flag.want)
	h.outdated = sortedUsers(h.users)
	if h.paused {
		if err := h.socket.Pause(); err != nil {
			r.log.Error("cannot hold listener as before", "listener", h.name, "error", err)
		}
	}
	r.entrust(h)
	r.mirror()
	return nil
}

func (r *Registry) relisten(h *held, by []*worker, found int) {
	if err := h.socket.Relisten(); err != nil {
		r.say(h, relistened, by, "worker changed the backlog of a listener, cannot put it back", "error", err)
		return
	}
	h.measure()
	if h.backlog == found {
		return // net.core.somaxconn has changed, not the worker
	}
	r.say(h, relistened, by, "worker changed the backlog of a listener, put back", "found", found, "backlog", h.backlog)
}

func (r *Registry) checkFlag(h *held, by []*worker, now bool) {
	if len(h.workers) == 0 {
		return // done by a worker that we shall hear of: it has just been started
	}
	decider := h.flag.decider
	culprits := h.flag.changed(now, by, h.workers)
	if len(culprits) == 0 {
		return
	}
	r.setFlag(h, h.flag.want)
	r.say(h, flagged, culprits, "worker changed O_NONBLOCK of a shared listener, put back",
		"nonblocking", h.flag.want, "against", against(h, decider),
		"advice", "programs that differ in this need separate listeners, or rollout strategy replace")
}

// against names the workers that rely on the flag.
func against(h *held, decider User) string {
	relying := slices.DeleteFunc(slices.Clone(h.workers), func(w *worker) bool { return w.user != decider })
	if len(relying) == 0 {
		return fmt.Sprintf("%s.%d", decider.Service, decider.Generation)
	}
	return list(relying)
}

func (r *Registry) setFlag(h *held, on bool) {
	if err := h.socket.SetNonblocking(on); err != nil {
		r.log.Error("cannot set O_NONBLOCK of listener", "listener", h.name, "nonblocking", on, "error", err)
	}
}

// elect settles whose O_NONBLOCK is in force and sets it.
func (r *Registry) elect(h *held) {
	if r.bySocket[h.socket] != h || r.replaying {
		return
	}
	was := h.flag.want
	r.dirty = true
	h.flag.elect(h.workers, func(u User) int { return r.promoted[u] })
	if len(h.workers) == 0 && len(h.users) <= 1 {
		// With another generation around, a worker of it may have been started a moment ago.
		h.flag.want = h.flag.start
	}
	if h.flag.want != was {
		r.setFlag(h, h.flag.want)
		r.log.Debug("listener has another O_NONBLOCK", "listener", h.name, "nonblocking", h.flag.want)
	}
}

// replacePath opens another socket at the path of one that cannot be linked back, when nothing is there. What somebody
// else has put at the path is not ours to remove.
func (r *Registry) replacePath(h *held, by []*worker, err error) {
	if _, gone := os.Lstat(h.socket.Address().Path); errors.Is(gone, os.ErrNotExist) {
		err = r.reopen(h)
	}
	if err != nil {
		r.say(h, pathRemoved, by, "path of a listener was removed, cannot put it back", "error", err)
		return
	}
	r.say(h, pathRemoved, by, "path of a listener was removed, opened anew for the next generation")
	r.announce(h)
}

// say logs damage. The same by the same worker is logged once a minute, with the number of times it was not.
func (r *Registry) say(h *held, d damage, by []*worker, text string, pairs ...any) {
	s := &h.said[d]
	key := text + list(by)
	if s.text == key && time.Since(s.at) < sayingPause {
		s.more++
		return
	}
	args := append([]any{"listener", h.name}, blame(by)...)
	args = append(args, pairs...)
	if h.lent {
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
