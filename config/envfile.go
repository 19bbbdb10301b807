package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// maxEnvironmentFile bounds a file; execve(2) takes about 2 MiB of environment.
const maxEnvironmentFile = 4 << 20

// ReadEnvironmentFiles reads files of NAME=VALUE lines as systemd's EnvironmentFile, systemd.exec(5): lines that begin with
// # or ; are comments; a value may be in single or double quotes, which may span lines; a backslash at the end of a line joins
// the next one. Nothing is expanded. Of a name that is there twice the last one counts. With "-" before its path a file may be missing.
// A byte order mark before the first line is passed over. Every problem is in the one error (an *Error), with file and line.
func ReadEnvironmentFiles(paths []string) (map[string]string, error) {
	r := &report{files: map[string][]byte{}}
	all := map[string]string{}
	for _, p := range paths {
		path, optional := strings.CutPrefix(p, "-")
		src, err := readEnvironmentFile(path)
		switch {
		case optional && errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			r.fail(place{}, fmt.Sprintf("cannot read environment file %q: it does not exist", path), `With "-" before the path it may be missing.`)
			continue
		case err != nil:
			r.fail(place{}, fmt.Sprintf("cannot read environment file %q: %s", path, cause(err)), "")
			continue
		case isUTF16(src):
			r.fail(place{}, fmt.Sprintf("cannot read environment file %q: it is UTF-16", path), saveUTF8)
			continue
		}
		src = withoutMark(src)
		r.files[path] = src
		r.parseEnvironment(path, src, all)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return all, nil
}

// ReadEnvironment reads the environment files of the service. What is wrong with a file as such is placed where the service is.
func (s *Service) ReadEnvironment() (map[string]string, error) {
	all, err := ReadEnvironmentFiles(s.EnvironmentFiles)
	if e, is := err.(*Error); is {
		for i := range e.Problems {
			if p := &e.Problems[i]; p.File == "" {
				p.File, p.Line, p.Column = s.place.Filename, s.place.Start.Line, s.place.Start.Column
			}
		}
	}
	return all, err
}

func readEnvironmentFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > maxEnvironmentFile:
		return nil, errors.New("it is longer than 4 MiB")
	}
	return os.ReadFile(path)
}

// parseEnvironment puts the variables of a text into the map.
func (r *report) parseEnvironment(path string, src []byte, into map[string]string) {
	s := scanner{src: src}
	for s.pos < len(src) {
		start := s.pos
		if s.skipLine() {
			continue
		}
		name, value, cause := s.assignment()
		if cause == "" {
			cause = badVariable(name, value)
		}
		if cause != "" {
			r.fail(placeAt(path, src, start), "cannot read the environment: "+cause, "A line is NAME=VALUE, a comment begins with #.")
			continue
		}
		into[name] = value
	}
}

func badVariable(name, value string) string {
	switch {
	case name == "":
		return "there is no name before the ="
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || name[0] >= '0' && name[0] <= '9':
		return fmt.Sprintf("%q is no name of a variable", shorten(name))
	case strings.ContainsRune(value, 0):
		return fmt.Sprintf("the value of %s has a NUL byte", name)
	}
	return ""
}

// scanner walks over the bytes of an environment file.
type scanner struct {
	src []byte
	pos int
}

// skipLine goes over one empty line or comment; false when the line is something else, of which it has skipped the indent.
func (s *scanner) skipLine() bool {
	for s.pos < len(s.src) && strings.IndexByte(" \t\r", s.src[s.pos]) >= 0 {
		s.pos++
	}
	if s.pos == len(s.src) {
		return true
	}
	switch s.src[s.pos] {
	case '\n':
		s.pos++
		return true
	case '#', ';':
		s.rest()
		return true
	}
	return false
}

// rest goes over what is left of the line, and its end. A backslash does not continue a comment, as in systemd since 254.
func (s *scanner) rest() {
	for s.pos < len(s.src) && s.next() != '\n' {
	}
}

func (s *scanner) next() byte {
	s.pos++
	return s.src[s.pos-1]
}

// joins goes over the end of the line when it is here.
func (s *scanner) joins() bool {
	if s.pos < len(s.src) && s.src[s.pos] == '\n' {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) assignment() (name, value, cause string) {
	start := s.pos
	for s.pos < len(s.src) && s.src[s.pos] != '=' && s.src[s.pos] != '\n' {
		s.pos++
	}
	name = strings.TrimSpace(string(s.src[start:s.pos]))
	if s.pos == len(s.src) || s.next() != '=' {
		return name, "", "there is no ="
	}
	value, cause = s.value()
	return name, value, cause
}

// value takes the value and the end of its line. Quotes mean something before the first plain character only, so that
// NAME=it's needs none; after a quoted part another one or a plain one may follow. Blanks around are dropped.
func (s *scanner) value() (value, cause string) {
	var b strings.Builder
	kept := 0 // up to where trailing blanks belong to the value
	for plain := false; s.pos < len(s.src); {
		switch c := s.next(); {
		case c == '\n':
			return trimEnd(b.String(), kept), ""
		case !plain && (c == '\'' || c == '"'):
			if !s.quoted(c, &b) {
				return "", "the quote is not closed"
			}
			kept = b.Len()
		case c == '\\':
			s.escape(&b)
			plain, kept = true, b.Len()
		case !plain && (c == ' ' || c == '\t' || c == '\r'):
		default:
			b.WriteByte(c)
			plain = true
		}
	}
	return trimEnd(b.String(), kept), ""
}

func trimEnd(s string, kept int) string {
	return s[:kept] + strings.TrimRight(s[kept:], " \t\r")
}

// escape takes what follows a backslash outside of quotes: the character itself, or nothing at the end of a line.
func (s *scanner) escape(b *strings.Builder) {
	if !s.joins() && s.pos < len(s.src) {
		b.WriteByte(s.next())
	}
}

// quoted takes a quoted part up to its end; false when there is none. In double quotes a backslash keeps its meaning
// before " \ ` $ only, in single quotes nowhere.
func (s *scanner) quoted(quote byte, b *strings.Builder) bool {
	for s.pos < len(s.src) {
		c := s.next()
		switch {
		case c == quote:
			return true
		case c == '\\' && quote == '"' && s.pos < len(s.src):
			s.escapeQuoted(b)
		default:
			b.WriteByte(c)
		}
	}
	return false
}

func (s *scanner) escapeQuoted(b *strings.Builder) {
	if s.joins() {
		return
	}
	c := s.next()
	if strings.IndexByte("\"\\`$", c) < 0 {
		b.WriteByte('\\')
	}
	b.WriteByte(c)
}
