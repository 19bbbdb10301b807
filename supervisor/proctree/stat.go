package proctree

import (
	"bytes"
	"errors"
	"strconv"
)

// stat is what proc_pid_stat(5) says about a process, as far as needed here.
type stat struct {
	pid     int
	state   byte // 'Z' and 'X' are dead
	parent  int
	group   int
	session int
	threads int
	start   uint64 // clock ticks since boot
}

var errStat = errors.New("cannot read process status: not in the form of proc_pid_stat(5)")

// Indexes of num_threads and starttime behind the name of the program.
const (
	threadsField = 17
	startField   = 19
)

// parseStat reads a line of /proc/PID/stat:
//
//	4711 (any ) name (at all) S 1 4711 4711 0 -1 ...
//
// The name may contain spaces, parentheses and newlines, so it ends at the last
// parenthesis.
func parseStat(line []byte) (stat, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return stat{}, errStat
	}
	fields := bytes.Fields(line[end+1:])
	if len(fields) <= startField || len(fields[0]) != 1 {
		return stat{}, errStat
	}
	s := stat{state: fields[0][0]}
	numbers := []struct {
		to   *int
		text []byte
	}{
		{&s.pid, bytes.TrimSpace(line[:open])}, {&s.parent, fields[1]}, {&s.group, fields[2]}, {&s.session, fields[3]}, {&s.threads, fields[threadsField]},
	}
	for _, n := range numbers {
		value, err := strconv.Atoi(string(n.text))
		if err != nil {
			return stat{}, errStat
		}
		*n.to = value
	}
	start, err := strconv.ParseUint(string(fields[startField]), 10, 64)
	if err != nil || s.pid <= 0 {
		return stat{}, errStat
	}
	s.start = start
	return s, nil
}

// dead tells of a process that only waits for its parent to notice. The state is
// that of the first thread; others may run on after it (pthread_exit(3)).
func (s stat) dead() bool {
	return s.state == 'X' || s.state == 'x' || s.state == 'Z' && s.threads <= 1
}

// hasEntry tells whether an environment, entries ended by zero bytes, has entry.
func hasEntry(environ []byte, entry string) bool {
	for len(environ) > 0 {
		line, rest, _ := bytes.Cut(environ, []byte{0})
		if string(line) == entry {
			return true
		}
		environ = rest
	}
	return false
}

// markIn finds the mark in an environment. With several it is the last, which
// is the one added last.
func markIn(environ []byte) (mark string) {
	for len(environ) > 0 {
		line, rest, _ := bytes.Cut(environ, []byte{0})
		if IsMark(string(line)) {
			mark = string(line)
		}
		environ = rest
	}
	return mark
}
