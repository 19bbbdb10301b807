package control

import "time"

// marks remember how far a stream of records was read, for each source of them, to leave out what comes once more when it is
// read from another manager. Only after such a change times are compared: a clock that is set back hides nothing meanwhile.
type marks[K comparable] struct {
	from     time.Time // of a source that has not been heard
	last     map[K]time.Time
	caughtUp map[K]bool // everything that comes now is new
}

// newMarks leaves out what is not after from.
func newMarks[K comparable](from time.Time) *marks[K] {
	return &marks[K]{from: from, last: map[K]time.Time{}, caughtUp: map[K]bool{}}
}

// again says that the records begin anew.
func (m *marks[K]) again() { clear(m.caughtUp) }

// fresh is whether a record is one that was not read before.
func (m *marks[K]) fresh(source K, at time.Time) bool {
	mark, heard := m.last[source]
	if !heard {
		mark = m.from
	}
	if !m.caughtUp[source] && !at.After(mark) {
		return false
	}
	m.caughtUp[source] = true
	m.last[source] = at
	return true
}
