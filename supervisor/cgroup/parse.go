package cgroup

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

// errNoV2 is the reason where the kernel has control groups of version 1 only, or none.
var errNoV2 = errors.New("there is no hierarchy of version 2")

// parseMembership reads /proc/PID/cgroup (proc_pid_cgroup(5)) and gives the path in the hierarchy of version 2, which is number 0.
func parseMembership(text string) (string, error) {
	for line := range strings.Lines(text) {
		if p, ok := strings.CutPrefix(line, "0::"); ok {
			p = strings.TrimSuffix(strings.TrimSuffix(p, "\n"), " (deleted)")
			if !path.IsAbs(p) {
				return "", errNoV2
			}
			return p, nil
		}
	}
	return "", errNoV2
}

// mount is where a part of the hierarchy can be seen.
type mount struct {
	root  string // path in the hierarchy
	point string // folder
}

// parseMounts reads /proc/PID/mountinfo (proc_pid_mountinfo(5)) and gives the mounts of version 2:
//
//	34 24 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw
func parseMounts(text string) (list []mount) {
	for line := range strings.Lines(text) {
		before, after, found := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !found || len(fields) < 5 || len(kind) == 0 || kind[0] != "cgroup2" {
			continue
		}
		list = append(list, mount{unescape(fields[3]), unescape(fields[4])})
	}
	return list
}

// unescape undoes what the kernel does to blanks and backslashes in paths: three octal digits behind a backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// folder is where group p of the hierarchy can be seen through m. What lies above the root of a cgroup namespace has a root like "/..", and
// is no prefix of any path in it.
func (m mount) folder(p string) (string, bool) {
	rest, below := cutGroup(p, m.root)
	return path.Join(m.point, rest), below
}

// cutGroup gives the path of p below the group above, and whether it is that or below it.
func cutGroup(p, above string) (rest string, below bool) {
	if above == "/" {
		return p, true
	}
	rest, below = strings.CutPrefix(p, above)
	return rest, below && (rest == "" || rest[0] == '/')
}

// events reads a flat keyed file like cgroup.events and gives one number; 0 for a key that is not there.
func events(text, key string) (n uint64) {
	for line := range strings.Lines(text) {
		if k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); k == key {
			n, _ = strconv.ParseUint(v, 10, 64)
		}
	}
	return n
}
