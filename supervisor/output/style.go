package output

import (
	"fmt"
	"hash/fnv"
	"sync"
	"unicode/utf8"
)

// maxAlign is the widest prefix that others are aligned to; a longer name just takes its room.
const maxAlign = 32

// palette are colours of the 256-colour set with a contrast of at least 4 to both black and white. Red is left to errors.
var palette = [...]uint8{27, 28, 31, 64, 98, 130, 133, 163}

// style is how a line looks.
type style struct {
	colour, terminal bool // fixed before the first line

	mu      sync.Mutex
	workers map[string]int // by service: how many we know of
	width   int            // of the widest prefix so far, at most maxAlign
}

// expect widens the prefixes before the first line comes.
func (s *style) expect(service string, workers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers[service] = max(s.workers[service], workers)
	s.widen(s.label(Line{Service: service, Generation: 9, Worker: workers - 1}))
}

// prefix learns from the line, too.
func (s *style) prefix(l Line) (label string, pad int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers[l.Service] = max(s.workers[l.Service], l.Worker+1)
	label = s.label(l)
	s.widen(label)
	return label, max(s.width-utf8.RuneCountInString(label), 0)
}

func (s *style) label(l Line) string {
	if s.workers[l.Service] > 1 {
		return fmt.Sprintf("%s.%d/%d", l.Service, l.Generation, l.Worker)
	}
	return fmt.Sprintf("%s.%d", l.Service, l.Generation)
}

func (s *style) widen(label string) {
	if n := utf8.RuneCountInString(label); n <= maxAlign {
		s.width = max(s.width, n)
	}
}

// line appends the whole line with its line end.
func (s *style) line(b []byte, l Line) []byte {
	label, pad := s.prefix(l)
	if s.colour {
		b = fmt.Appendf(b, "\x1b[38;5;%dm%s%*s |\x1b[0m ", colourOf(l.Service), label, pad, "")
	} else {
		b = fmt.Appendf(b, "%s%*s | ", label, pad, "")
	}
	if s.terminal {
		b = appendVisible(b, l.Text)
	} else {
		b = append(b, l.Text...)
	}
	return append(b, '\n')
}

// colourOf is the same in every run, so that people get used to it.
func colourOf(service string) uint8 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(service))
	return palette[h.Sum32()%uint32(len(palette))]
}
