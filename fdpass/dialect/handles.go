package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// handles is how sockets are inherited on Windows, where a handle has the same value in the process that inherits it.
//
//	LISTEN_HANDLES=540:544  LISTEN_FDNAMES=web:admin     values in decimal, in the order of the service
//
// The names are written as in the systemd convention, whose numbers 3, 4, … have no meaning there.
//
// Source: Microsoft, "Handle Inheritance": an inherited handle has the same value; "Interprocess Communication Between 32-bit and
// 64-bit Applications": 32 bits of it are significant.
func handles() dialect {
	return dialect{name: "handles", fds: fdsHandles, tell: tellHandles, owns: isOneOf("LISTEN_HANDLES", "LISTEN_FDNAMES")}
}

// handleStep lies between the values that stand for handles where none is open: as those of the kernel they are multiples of 4.
const handleStep = 4

func fdsHandles(in Input) ([]int, error) {
	fds := make([]int, len(in.Sockets))
	for i, s := range in.Sockets {
		fds[i] = int(s.Handle)
		if s.Handle == 0 {
			return madeUp(len(fds)), nil
		}
	}
	return fds, nil
}

func madeUp(n int) []int {
	fds := make([]int, n)
	for i := range fds {
		fds[i] = (i + 1) * handleStep
	}
	return fds
}

func tellHandles(in Input, fds []int) (words, error) {
	names, err := nameList(in)
	if err != nil {
		return words{}, err
	}
	every := func(Socket) bool { return true }
	return words{env: []string{"LISTEN_HANDLES=" + numberList(in, fds, ":", every), names}}, nil
}

// nameList is LISTEN_FDNAMES for the sockets alone.
func nameList(in Input) (string, error) {
	var names []string
	for _, s := range in.Sockets {
		if err := checkName(s.Name); err != nil {
			return "", err
		}
		names = append(names, s.Name)
	}
	return "LISTEN_FDNAMES=" + strings.Join(names, ":"), nil
}

// systemfd is for programs with Rust's listenfd on Windows: they fetch duplicates of their sockets from a port of the loopback address,
// against a secret. The order says which is which; LISTEN_FDNAMES is for those who want names.
//
//	SYSTEMFD_SOCKET_SERVER=127.0.0.1:49731  SYSTEMFD_SOCKET_SECRET=<random>  LISTEN_FDNAMES=web:admin
//
// Elsewhere the same programs read the systemd convention, so it is that one.
//
// Source: systemfd src/main.rs; listenfd src/windows.rs and src/unix.rs.
func systemfd(system string) dialect {
	d := systemd()
	if system == windows {
		d = dialect{apart: true, tell: tellSystemfd}
	}
	d.name, d.owns = "systemfd", isOneOf(systemfdServer, systemfdSecret)
	return d
}

const (
	systemfdServer = "SYSTEMFD_SOCKET_SERVER"
	systemfdSecret = "SYSTEMFD_SOCKET_SECRET"
)

func tellSystemfd(in Input, _ []int) (words, error) {
	names, err := nameList(in)
	if err != nil {
		return words{}, err
	}
	return words{
		env:   []string{names},
		serve: []Served{{Protocol: "systemfd", AddressEnv: systemfdServer, SecretEnv: systemfdSecret}},
	}, nil
}

// ParseHandles reads LISTEN_HANDLES and LISTEN_FDNAMES: Received.FD is the value of a handle. It returns nothing if LISTEN_HANDLES is absent,
// and an error if they are malformed: a number that is not plain decimal, 0 or there twice, or a number of names that is not the number of
// handles. Whether the handles are open, and sockets, is for the caller to find out.
func ParseHandles(getenv func(string) string) ([]Received, error) {
	value := getenv("LISTEN_HANDLES")
	if value == "" {
		return nil, nil
	}
	n := strings.Count(value, ":") + 1
	if n > maxFDs {
		return nil, fmt.Errorf("cannot read LISTEN_HANDLES %.40q: %d handles (at most %d)", value, n, maxFDs)
	}
	names, err := ParseNames(getenv, n)
	if err != nil {
		return nil, err
	}
	var list []Received
	seen := map[int]bool{0: true}
	for number := range strings.SplitSeq(value, ":") {
		h, err := decimal(number)
		switch {
		case err == nil && h == 0:
			err = fmt.Errorf("not a handle")
		case err == nil && seen[h]:
			err = fmt.Errorf("a handle that is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read LISTEN_HANDLES %.40q: %s is %w", value, strconv.Quote(number), err)
		}
		seen[h] = true
		list = append(list, Received{FD: h, Name: names[len(list)]})
	}
	return list, nil
}

// ParseSystemfd reads the address and the secret of the systemfd convention; ok is false where they are absent. What comes from there are
// so many sockets as there are names, if there are names: see ParseNames.
func ParseSystemfd(getenv func(string) string) (address, secret string, ok bool) {
	address, secret = getenv(systemfdServer), getenv(systemfdSecret)
	return address, secret, address != "" && secret != ""
}

// ParseNames reads LISTEN_FDNAMES for n descriptors: "unknown" for each where it is absent.
func ParseNames(getenv func(string) string, n int) ([]string, error) {
	name, err := parseNames(getenv("LISTEN_FDNAMES"), n)
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		names[i] = name(i)
	}
	return names, nil
}
