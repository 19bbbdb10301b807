package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// systemd is the convention that nearly every program of today reads.
//
//	LISTEN_FDS=2  LISTEN_FDNAMES=web:admin  LISTEN_PID=<pid after exec>  sockets at 3, 4, …
//
// LISTEN_PIDFDID is not given: it is optional, and readers check it only if set.
//
// Source: sd_listen_fds(3); systemd src/libsystemd/sd-daemon/sd-daemon.c, and
// fdname_is_valid in src/basic/fd-util.c for the names.
func systemd() dialect {
	return dialect{name: "systemd", tell: tellSystemd, owns: ownsSystemd}
}

func tellSystemd(in Input, fds []int) (words, error) {
	names := make([]string, len(in.Sockets))
	for i, s := range in.Sockets {
		if err := checkName(s.Name); err != nil {
			return words{}, err
		}
		names[i] = s.Name
	}
	return words{
		env: []string{
			"LISTEN_FDS=" + strconv.Itoa(len(fds)),
			"LISTEN_FDNAMES=" + strings.Join(names, ":"),
		},
		ownPID: []string{"LISTEN_PID"},
	}, nil
}

func ownsSystemd(key string) bool {
	switch key {
	case "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID":
		return true
	}
	return false
}

// maxName is the length of the longest descriptor name in bytes (FDNAME_MAX).
const maxName = 255

// checkName refuses what LISTEN_FDNAMES cannot carry. systemd allows an empty name;
// a listener has one, so here an empty one is a mistake.
func checkName(name string) error {
	if name == "" {
		return fmt.Errorf("listener %q has no name", name)
	}
	return checkChars(name)
}

func checkChars(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("name %.20q… has %d characters (at most %d)", name, len(name), maxName)
	}
	for _, c := range []byte(name) {
		if c < ' ' || c >= 127 || c == ':' {
			return fmt.Errorf("name %q contains %q (printable ASCII without \":\" is allowed)", name, string(rune(c)))
		}
	}
	return nil
}
