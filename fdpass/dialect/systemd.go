package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// systemd is the convention that nearly every program of today reads.
//
//	LISTEN_FDS=2  LISTEN_FDNAMES=web:admin  LISTEN_PID=<pid after exec>  sockets at 3, 4, …
//	LISTEN_PIDFDID=<inode number of the pidfd of that process>
//
// Input.ListenPID leaves the last two out (behind a shell or a container runtime, where the
// program has another pid than the process that we start), or writes LISTEN_PID=parent:<pid of the
// parent>, which lighttpd reads. Readers check LISTEN_PIDFDID only where it is set.
//
// Descriptors that an earlier worker stored follow the sockets, under the names that it gave them.
//
// Source: sd_listen_fds(3); systemd src/libsystemd/sd-daemon/sd-daemon.c, and
// fdname_is_valid in src/basic/fd-util.c for the names; lighttpd src/network.c for "parent:".
func systemd() dialect {
	return dialect{name: "systemd", tell: tellSystemd, always: true, owns: ownsSystemd, traps: systemdTraps, notes: systemdNotes}
}

func tellSystemd(in Input, fds []int) (words, error) {
	names := make([]string, 0, len(in.Sockets)+len(in.Stored))
	for _, s := range in.Sockets {
		if err := checkName(s.Name); err != nil {
			return words{}, err
		}
		names = append(names, s.Name)
	}
	for _, name := range in.Stored {
		if err := checkChars(name); err != nil {
			return words{}, fmt.Errorf("a stored descriptor: %w", err)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return words{}, nil
	}
	w := words{
		env: []string{
			"LISTEN_FDS=" + strconv.Itoa(len(names)),
			"LISTEN_FDNAMES=" + strings.Join(names, ":"),
		},
		stored: consecutive(firstFD+len(fds), len(in.Stored)),
	}
	return w, w.listenPID(in.ListenPID)
}

func (w *words) listenPID(mode string) error {
	switch mode {
	case "", "own":
		w.ownPID = []string{"LISTEN_PID"}
		w.ownPIDFDID = []string{"LISTEN_PIDFDID"}
	case "parent":
		w.parentPrefixed = []string{"LISTEN_PID"}
	case "omit":
	default:
		return fmt.Errorf("listen_pid is %q (own, omit or parent)", mode)
	}
	return nil
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
