package dialect

import (
	"fmt"
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

// ParseSystemd reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES as sd_listen_fds(3)
// does, with pid the reader's own. It returns nothing if the variables are absent or
// meant for another process, and an error if they are malformed: a number that is not
// plain decimal, no descriptor at all, or a number of names that is not the number
// of descriptors. Whether the descriptors are open is for the caller to find out.
func ParseSystemd(getenv func(string) string, pid int) ([]Received, error) {
	own, count := getenv("LISTEN_PID"), getenv("LISTEN_FDS")
	if own == "" || count == "" {
		return nil, nil
	}
	target, err := decimal(own)
	if err != nil {
		return nil, fmt.Errorf("cannot read LISTEN_PID %.40q: %w", own, err)
	}
	if target != pid {
		return nil, nil
	}
	n, err := decimal(count)
	if err != nil {
		return nil, fmt.Errorf("cannot read LISTEN_FDS %.40q: %w", count, err)
	}
	if n < 1 || n > maxFDs {
		return nil, fmt.Errorf("cannot read LISTEN_FDS %.40q: not a number of descriptors from 1 to %d", count, maxFDs)
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

// parseNames reads LISTEN_FDNAMES for n descriptors. Unset and empty look the same
// to getenv(3) users; empty is a valid list for one descriptor in systemd, where
// "unknown" serves as well.
func parseNames(value string, n int) (func(i int) string, error) {
	if value == "" {
		return func(int) string { return "unknown" }, nil
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
