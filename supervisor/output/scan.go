package output

import (
	"bytes"
	"io"
	"unicode/utf8"
)

const (
	// MaxLine is the length of the longest line in bytes. Longer ones go on as the next line.
	MaxLine = 64 << 10

	// smallBuffer is what a quiet worker costs.
	smallBuffer = 2 << 10
)

// Scan reads lines until r ends and hands each to emit, without its "\n" or "\r\n". A line over MaxLine is cut there, if possible
// not within a UTF-8 character, and its rest is the next line. A last line without line end counts. Invalid
// bytes are kept. The error is the one of r; io.EOF is none.
func Scan(r io.Reader, emit func(text string)) error {
	s := scanner{emit: emit}
	err := s.scan(r)
	s.flush()
	if err == io.EOF {
		return nil
	}
	return err
}

type scanner struct {
	emit func(string)
	buf  []byte // [:end] is the beginning of a line not yet complete
	end  int
}

// scan emits whole lines until r gives an error. What comes after the last line end stays in buf.
func (s *scanner) scan(r io.Reader) error {
	for {
		s.grow()
		n, err := r.Read(s.buf[s.end:])
		from := s.end
		s.end += n
		s.lines(from)
		if err != nil {
			return err
		}
	}
}

// flush emits the last line, which has no line end.
func (s *scanner) flush() {
	if s.end > 0 {
		s.line(s.buf[:s.end])
		s.end = 0
	}
}

// grow makes room, and gives the room back that one long line needed.
func (s *scanner) grow() {
	switch {
	case s.end == 0 && len(s.buf) != smallBuffer:
		s.buf = make([]byte, smallBuffer)
	case s.end == len(s.buf):
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
}

// lines emits what is complete; there is no line end before from.
func (s *scanner) lines(from int) {
	start := 0
	for {
		i := bytes.IndexByte(s.buf[from:s.end], '\n')
		if i < 0 {
			break
		}
		s.line(s.buf[start : from+i])
		from += i + 1
		start = from
	}
	if start > 0 {
		s.end = copy(s.buf, s.buf[start:s.end])
	}
	// One byte more than MaxLine: a "\r" may belong to the line end that has not come yet.
	for s.end > MaxLine+1 {
		s.cut()
	}
}

// line emits a whole line, which is at most a read longer than MaxLine.
func (s *scanner) line(b []byte) {
	b = bytes.TrimSuffix(b, []byte{'\r'})
	for len(b) > MaxLine {
		n := boundary(b)
		s.emit(string(b[:n]))
		b = b[n:]
	}
	s.emit(string(b))
}

func (s *scanner) cut() {
	n := boundary(s.buf[:s.end])
	s.emit(string(s.buf[:n]))
	s.end = copy(s.buf, s.buf[n:s.end])
}

// boundary is where to cut b, which is longer than MaxLine: before the UTF-8 character that would be broken.
func boundary(b []byte) int {
	for n := MaxLine; n > MaxLine-utf8.UTFMax; n-- {
		if utf8.RuneStart(b[n]) {
			return n
		}
	}
	return MaxLine
}
