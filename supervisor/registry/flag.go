package registry

import "slices"

// flag is O_NONBLOCK of one listener: what it has to be and who says so.
type flag struct {
	start   bool          // what it was when we got the socket
	want    bool          // what it has to be
	decider User          // whose wish that is; zero when nobody has asked
	wishes  map[User]bool // of generations that could not have theirs yet
}

// changed judges that the flag was found to be now although want was expected. It is accepted unless a worker of
// another generation than the deciding one may have done it; then culprits are those workers.
func (f *flag) changed(now bool, suspects, living []*worker) (culprits []*worker) {
	if f.decider == (User{}) {
		f.want = now
		f.decider = firstUser(suspects, living)
		return nil
	}
	culprits = f.others(suspects)
	if len(culprits) > 0 && len(culprits) < len(suspects) {
		// The deciding generation has only just become ready and the next one has just been started: either may have done
		// it. They are mostly the same program, one that sets the flag after it said that it is ready. To take that away
		// from a worker that expects EAGAIN has it hang in accept(2).
		f.want = now
		return nil
	}
	if len(culprits) == 0 {
		culprits = f.others(living)
	}
	if len(culprits) == 0 {
		f.want = now
		return nil
	}
	if u := culprits[0].user; !slices.ContainsFunc(culprits, func(w *worker) bool { return w.user != u }) {
		f.wish(u, now)
	}
	return culprits
}

// others are the workers that do not decide.
func (f *flag) others(workers []*worker) []*worker {
	return slices.DeleteFunc(slices.Clone(workers), func(w *worker) bool { return w.user == f.decider })
}

func (f *flag) wish(u User, on bool) {
	if f.wishes == nil {
		f.wishes = map[User]bool{}
	}
	f.wishes[u] = on
}

// elect settles who decides after a promotion or the end of a worker: rank is 0 for a generation that is not promoted,
// higher for later ones.
func (f *flag) elect(living []*worker, rank func(User) int) {
	alive := map[User]bool{}
	for _, w := range living {
		alive[w.user] = true
	}
	for u := range f.wishes {
		if !alive[u] {
			delete(f.wishes, u)
		}
	}
	if next := f.next(living, alive, rank); next != f.decider {
		f.decider = next
		if on, ok := f.wishes[next]; ok {
			f.want = on
			delete(f.wishes, next)
		}
	}
}

// next: a promoted generation decides as long as it lives, then the latest promoted one that does. One that has no
// worker at the moment keeps its place while nobody else is promoted: it is being restarted after a crash.
func (f *flag) next(living []*worker, alive map[User]bool, rank func(User) int) User {
	if alive[f.decider] && rank(f.decider) > 0 {
		return f.decider
	}
	var best User
	for u := range alive {
		if rank(u) > 0 && (best == User{} || rank(u) > rank(best)) {
			best = u
		}
	}
	switch {
	case best != User{}:
		return best
	case alive[f.decider], rank(f.decider) > 0:
		return f.decider
	}
	for _, w := range living {
		if _, asked := f.wishes[w.user]; asked {
			return w.user
		}
	}
	return User{}
}

// firstUser is the generation of the first worker there is.
func firstUser(lists ...[]*worker) User {
	for _, l := range lists {
		if len(l) > 0 {
			return l[0].user
		}
	}
	return User{}
}
