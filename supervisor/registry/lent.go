package registry

import "time"

// What is known of a program outside that was given a listener is only when. How far it has come nobody hears, so the listener is looked
// at for a while, ever less often: after 1, 2, 4 ... seconds, two minutes in all.
const (
	firstLook = time.Second
	lastLook  = 64 * time.Second
)

// lend says that a program outside has h from now on.
func (r *Registry) lend(h *held) {
	h.lent = true
	r.lookAfter(h.member, firstLook)
}

func (r *Registry) lookAfter(m *member, d time.Duration) {
	r.after(m, &m.lending, d, func() {
		_, _ = r.check(m, nil)
		if d < lastLook {
			r.lookAfter(m, 2*d)
		}
	})
}
