package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxFDs is more descriptors than Linux lets a process have (fs.nr_open is 1048576
// unless raised); it bounds what a hostile LISTEN_FDS can make us allocate.
const maxFDs = 1 << 20

// Received is one descriptor that this process was started with.
type Received struct {
	FD   int
	Name string // "unknown" if the sender gave no names
}

// unknown is the name that sd_listen_fds_with_names(3) gives to a descriptor without one.
const unknown = "unknown"

// Parse reads what this process was started with in the convention that is there: systemd's if LISTEN_FDS is set,
// einhorn's if EINHORN_FD_COUNT is, else Server::Starter's. pid and parent are the reader's own, as of getpid(2) and
// getppid(2). A convention that is there but meant for another process ends the search: what the others say was then
// written for that process, too.
func Parse(getenv func(string) string, pid, parent int) ([]Received, error) {
	switch {
	case getenv("LISTEN_FDS") != "":
		return ParseSystemd(getenv, pid, parent)
	case getenv("EINHORN_FD_COUNT") != "":
		return ParseEinhorn(getenv, parent)
	}
	return ParseServerStarter(getenv)
}

// ParseSystemd reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES as sd_listen_fds(3)
// does, with pid and parent the reader's own. LISTEN_PID may also be "parent:" and the pid of the parent, or be
// absent, for a process that was started by way of a shell or a container runtime. ParseSystemd returns nothing if
// LISTEN_FDS is absent or meant for another process, and an error if they are malformed: a number that is not
// plain decimal, no descriptor at all, or a number of names that is not the number
// of descriptors. Whether the descriptors are open is for the caller to find out.
func ParseSystemd(getenv func(string) string, pid, parent int) ([]Received, error) {
	count := getenv("LISTEN_FDS")
	if count == "" {
		return nil, nil
	}
	if mine, err := isMine(getenv("LISTEN_PID"), pid, parent); err != nil || !mine {
		return nil, err
	}
	n, err := descriptors("LISTEN_FDS", count)
	if err != nil {
		return nil, err
	}
	names, err := parseNames(getenv("LISTEN_FDNAMES"), n)
	if err != nil {
		return nil, err
	}
	list := make([]Received, n)
	for i := range list {
		list[i] = Received{FD: firstFD + i, Name: names(i)}
	}
	return list, nil
}

// isMine reports whether a LISTEN_PID is that of the process.
func isMine(value string, pid, parent int) (bool, error) {
	if value == "" {
		return true, nil
	}
	number, want := value, pid
	if tail, ok := strings.CutPrefix(value, "parent:"); ok {
		number, want = tail, parent
	}
	n, err := decimal(number)
	if err != nil {
		return false, fmt.Errorf("cannot read LISTEN_PID %.40q: %w", value, err)
	}
	return n == want, nil
}

// descriptors reads a number of descriptors.
func descriptors(key, value string) (int, error) {
	n, err := decimal(value)
	if err != nil {
		return 0, fmt.Errorf("cannot read %s %.40q: %w", key, value, err)
	}
	if n < 1 || n > maxFDs {
		return 0, fmt.Errorf("cannot read %s %.40q: not a number of descriptors from 1 to %d", key, value, maxFDs)
	}
	return n, nil
}

// ParseEinhorn reads EINHORN_FD_COUNT and EINHORN_FD_0, EINHORN_FD_1, … It returns nothing unless EINHORN_MASTER_PID
// is parent, the pid of the reader's parent, and an error if a number is missing, malformed, or one of the standard
// streams. The names are all "unknown".
func ParseEinhorn(getenv func(string) string, parent int) ([]Received, error) {
	count, master := getenv("EINHORN_FD_COUNT"), getenv("EINHORN_MASTER_PID")
	if count == "" || master == "" {
		return nil, nil
	}
	m, err := decimal(master)
	if err != nil {
		return nil, fmt.Errorf("cannot read EINHORN_MASTER_PID %.40q: %w", master, err)
	}
	if m != parent {
		return nil, nil
	}
	n, err := descriptors("EINHORN_FD_COUNT", count)
	if err != nil {
		return nil, err
	}
	var list []Received
	for i := range n {
		key := "EINHORN_FD_" + strconv.Itoa(i)
		fd, err := descriptor(list, getenv(key))
		if err != nil {
			return nil, fmt.Errorf("cannot read %s %.40q: %w", key, getenv(key), err)
		}
		list = append(list, Received{FD: fd, Name: unknown})
	}
	return list, nil
}

// ParseServerStarter reads SERVER_STARTER_PORT. The names are its keys: what start_server was asked for, "8080",
// "127.0.0.1:8080" or a path. It returns an error for an entry that is not key=number, and for a number that is
// malformed, there twice, or one of the standard streams.
func ParseServerStarter(getenv func(string) string) ([]Received, error) {
	value := getenv("SERVER_STARTER_PORT")
	if value == "" {
		return nil, nil
	}
	var list []Received
	for pair := range strings.SplitSeq(value, ";") {
		key, number, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("cannot read SERVER_STARTER_PORT %.40q: %.40q is not like ADDRESS=NUMBER", value, pair)
		}
		fd, err := descriptor(list, number)
		if err != nil {
			return nil, fmt.Errorf("cannot read SERVER_STARTER_PORT %.40q: %.40q is %w", value, number, err)
		}
		list = append(list, Received{FD: fd, Name: key})
	}
	return list, nil
}

// descriptor reads the number of one more descriptor.
func descriptor(list []Received, value string) (int, error) {
	fd, err := decimal(value)
	if err != nil {
		return 0, err
	}
	if fd < firstFD {
		return 0, fmt.Errorf("a standard stream")
	}
	if slices.ContainsFunc(list, func(r Received) bool { return r.FD == fd }) {
		return 0, fmt.Errorf("a descriptor that is there twice")
	}
	return fd, nil
}

// parseNames reads LISTEN_FDNAMES for n descriptors. Unset and empty look the same
// to getenv(3) users; empty is a valid list for one descriptor in systemd, where
// "unknown" serves as well.
func parseNames(value string, n int) (func(i int) string, error) {
	if value == "" {
		return func(int) string { return unknown }, nil
	}
	if got := strings.Count(value, ":") + 1; got != n {
		return nil, fmt.Errorf("cannot read LISTEN_FDNAMES %.40q: %d names for %d descriptors", value, got, n)
	}
	names := strings.Split(value, ":")
	for _, name := range names {
		if err := checkChars(name); err != nil {
			return nil, fmt.Errorf("cannot read LISTEN_FDNAMES %.40q: %w", value, err)
		}
	}
	return func(i int) string { return names[i] }, nil
}

// decimal reads a number as it is written by a well-behaved sender: digits only,
// no sign, no leading zero.
func decimal(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != s || n < 0 {
		return 0, fmt.Errorf("not a decimal number from 0 to 2147483647")
	}
	return int(n), nil
}
