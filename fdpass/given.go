package fdpass

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Given takes the descriptors that systemd or systemd-socket-activate gave this process (sd_listen_fds(3)): LISTEN_FDS
// of them from number 3 on, named by LISTEN_FDNAMES or else "unknown", if LISTEN_PID is pid. They are made close-on-exec
// and the caller owns them. rest is environ without the four LISTEN_ variables, whatever happens: they are for this
// process and for no child.
//
// Variables for another pid, or without LISTEN_PID, are no error, nothing is taken then. Malformed variables, and a number that is not open, are
// an error that says which; nothing is touched then. Call it once, before anything else opens descriptors.
func Given(environ []string, pid int) (list []Named, rest []string, err error) {
	vars, rest := split(environ)
	names, err := givenNames(vars, pid)
	if err != nil {
		return nil, rest, fmt.Errorf("cannot take the sockets given to this process: %w", err)
	}
	list, err = takeGiven(names)
	if err != nil {
		return nil, rest, fmt.Errorf("cannot take the sockets given to this process: %w", err)
	}
	return list, rest, nil
}

// Match gives the index of the descriptor for spec: the first with the listener's name, else the first that is what
// spec describes, by type and address; -1 when there is none. Descriptors must be open.
func Match(list []Named, spec Spec) int {
	for i, n := range list {
		if n.Name == spec.Name {
			return i
		}
	}
	if spec.Address.Port == 0 && !spec.Address.isUnix() && spec.Address.Network != "fifo" {
		return -1 // any port would do, so none is meant
	}
	for i, n := range list {
		if matches(n.Descriptor, spec) {
			return i
		}
	}
	return -1
}

const (
	firstGiven = 3
	maxGiven   = MaxNamed
)

func split(environ []string) (vars map[string]string, rest []string) {
	vars = map[string]string{}
	rest = make([]string, 0, len(environ))
	for _, kv := range environ {
		switch key, value, _ := strings.Cut(kv, "="); key {
		case "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID":
			vars[key] = value
		default:
			rest = append(rest, kv)
		}
	}
	return vars, rest
}

// givenNames checks the variables and gives one name for each descriptor.
func givenNames(vars map[string]string, pid int) ([]string, error) {
	text, ok := vars["LISTEN_FDS"]
	if !ok {
		return nil, nil
	}
	if vars["LISTEN_PID"] == "" {
		return nil, nil // as sd_listen_fds(3): not known to be for us
	}
	owner, err := decimal(vars["LISTEN_PID"], 1<<30)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_PID is %q: %w", vars["LISTEN_PID"], err)
	}
	if owner != pid {
		return nil, nil
	}
	count, err := decimal(text, maxGiven)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_FDS is %q: %w", text, err)
	}
	return nameEach(vars, count)
}

func nameEach(vars map[string]string, count int) ([]string, error) {
	joined, ok := vars["LISTEN_FDNAMES"]
	if !ok {
		joined = strings.TrimSuffix(strings.Repeat("unknown:", count), ":")
	}
	if count == 0 {
		return nil, nil
	}
	names := strings.Split(joined, ":")
	if len(names) != count {
		return nil, fmt.Errorf("LISTEN_FDNAMES has %d names for %d descriptors", len(names), count)
	}
	for _, name := range names {
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("LISTEN_FDNAMES: %w", err)
		}
	}
	return names, nil
}

// decimal takes digits only, without sign, space or leading zero.
func decimal(s string, most int) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	switch {
	case err != nil || strconv.FormatUint(n, 10) != s:
		return 0, errors.New("it must be a plain decimal number")
	case n > uint64(most):
		return 0, fmt.Errorf("it must be at most %d", most)
	}
	return int(n), nil
}
