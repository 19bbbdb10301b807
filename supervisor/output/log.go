package output

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// bytesPerLine times the number of lines is how much text a Log keeps: typical lines are shorter, and a service that prints
// lines of MaxLine must not take a gigabyte.
const bytesPerLine = 512

// Log keeps the last lines of a service: as many as NewLog was told, and no more text than 512 bytes for each of them (at
// least one line of MaxLine). It is safe for concurrent use. Its memory grows with what is in it.
type Log struct {
	lines, bytes int // limits, fixed after NewLog

	mu   sync.Mutex
	ring []Line // full circle when len(ring) == lines; the line numbered n is at n % len(ring)
	next uint64 // number of the next line
	kept int    // how many lines before next are in ring
	size int    // bytes of their text
	wake chan struct{}

	keeping *keeping // nil: in memory only
}

// NewLog makes an empty log of at most so many lines (at least one).
func NewLog(lines int) *Log {
	lines = max(lines, 1)
	return &Log{lines: lines, bytes: max(lines*bytesPerLine, MaxLine)}
}

// Append adds a line. It never waits for readers.
func (l *Log) Append(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.makeRoom(len(line.Text))
	l.ring[l.slot(l.next)] = line
	l.size += len(line.Text)
	l.next++
	l.kept++
	l.write()
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

func (l *Log) makeRoom(text int) {
	for l.kept > 0 && (l.kept == l.lines || l.size+text > l.bytes) {
		oldest := &l.ring[l.slot(l.oldest())]
		l.size -= len(oldest.Text)
		l.keeping.dropped(l.oldest(), oldest)
		*oldest = Line{} // lets go of the text
		l.kept--
	}
	if l.kept == len(l.ring) {
		l.grow()
	}
}

func (l *Log) grow() {
	bigger := make([]Line, min(max(2*len(l.ring), 16), l.lines))
	for n := l.oldest(); n < l.next; n++ {
		bigger[n%uint64(len(bigger))] = l.ring[l.slot(n)]
	}
	l.ring = bigger
}

func (l *Log) slot(n uint64) uint64 { return n % uint64(len(l.ring)) }
func (l *Log) oldest() uint64       { return l.next - uint64(l.kept) }

// Last gives the last n lines, oldest first.
func (l *Log) Last(n int) []Line {
	lines, _ := l.Tail(n)
	return lines
}

// Tail is Last with the number of the line that comes next, for FollowFrom.
func (l *Log) Tail(n int) (lines []Line, next uint64) {
	return l.last(n, func(*Line) bool { return true })
}

// LastOf gives the last n lines of one generation, oldest first.
func (l *Log) LastOf(generation, n int) []Line {
	lines, _ := l.last(n, func(line *Line) bool { return line.Generation == generation })
	return lines
}

func (l *Log) last(n int, want func(*Line) bool) (list []Line, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, found := l.next, 0
	for from > l.oldest() && found < n {
		from--
		if want(&l.ring[l.slot(from)]) {
			found++
		}
	}
	list = make([]Line, 0, found)
	for ; from < l.next; from++ {
		if line := &l.ring[l.slot(from)]; want(line) {
			list = append(list, *line)
		}
	}
	return list, l.next
}

// Follow hands the last backlog lines to emit and then every new one, until ctx is done (nil) or emit fails (its error). A
// reader that is too slow does not hold up Append: it misses lines and gets one Line instead that says how
// many (Line.Missed).
func (l *Log) Follow(ctx context.Context, backlog int, emit func(Line) error) error {
	l.mu.Lock()
	next := l.next - uint64(min(max(backlog, 0), l.kept))
	l.mu.Unlock()
	return l.FollowFrom(ctx, next, emit)
}

// FollowFrom is Follow from a line on that Tail has told.
func (l *Log) FollowFrom(ctx context.Context, next uint64, emit func(Line) error) error {
	for ctx.Err() == nil {
		line, ok, wake := l.at(&next)
		if !ok {
			select {
			case <-wake:
			case <-ctx.Done():
			}
			continue
		}
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}

// at reads the line numbered *next and counts on, or gives a channel that is closed when there is one.
func (l *Log) at(next *uint64) (line Line, ok bool, wake <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case *next < l.oldest():
		line = l.missed(int(l.oldest() - *next))
		*next = l.oldest()
		return line, true, nil
	case *next < l.next:
		line = l.ring[l.slot(*next)]
		*next++
		return line, true, nil
	}
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return Line{}, false, l.wake
}

// missed stands in for n lines. It looks like the oldest line that is left.
func (l *Log) missed(n int) Line {
	line := Line{Time: time.Now()}
	if l.kept > 0 {
		line = l.ring[l.slot(l.oldest())]
	}
	line.Missed = n
	line.Text = fmt.Sprintf("(%d lines missed: this reader was too slow)", n)
	return line
}
