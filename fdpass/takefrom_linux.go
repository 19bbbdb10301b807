package fdpass

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func takeFrom(pid int, spec Spec) (*Descriptor, error) {
	d, err := takeListener(pid, spec)
	if err != nil {
		return nil, fmt.Errorf("cannot take listener %q at %s from %s (pid %d): %w", spec.Name, spec.Address, commandOf(pid), pid, err)
	}
	return d, nil
}

func takeListener(pid int, spec Spec) (*Descriptor, error) {
	a := spec.Address
	if a.Network == "fifo" || a.Port == 0 && !a.isUnix() {
		return nil, fmt.Errorf("%w: the address names no particular socket", ErrNotThere)
	}
	wanted, err := kinds(spec)
	if err != nil {
		return nil, err
	}
	find := &finding{spec: spec, wanted: wanted}
	defer find.close()
	if err := find.search(pid); err != nil {
		return nil, explainTake(pid, err)
	}
	return find.choose()
}

// finding is what a process has of what is looked for.
type finding struct {
	spec    Spec
	wanted  []kind
	exact   []*Descriptor // as Open would make it
	ipv4    []*Descriptor // at 0.0.0.0, where one for IPv4 and IPv6 was looked for
	listens []Address     // all that take connections or datagrams, for the error
	beside  []string      // those of them that are at another place, with what is said of them
	abroad  bool          // one of those is in another network namespace
}

// search opens the pidfd first: from then on the number cannot mean another process.
func (f *finding) search(pid int) error {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(pidfd)
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		link, err := os.Readlink(filepath.Join(dir, e.Name()))
		number, failed := strconv.Atoi(e.Name())
		if err != nil || failed != nil || seen[link] || !strings.HasPrefix(link, "socket:[") {
			continue
		}
		seen[link] = true
		if err := f.look(pidfd, number); err != nil {
			return err
		}
	}
	return nil
}

// look duplicates one socket and keeps it if it is wanted. One that its process has just closed is passed over.
func (f *finding) look(pidfd, number int) error {
	fd, err := unix.PidfdGetfd(pidfd, number, 0) // close-on-exec, always
	switch {
	case errors.Is(err, unix.EBADF):
		return nil
	case err != nil:
		return os.NewSyscallError("pidfd_getfd", err)
	}
	d := &Descriptor{fd: fd}
	if !takes(fd) {
		d.CloseForeign() // its process may be the first to close it
		return nil
	}
	is, _, differs := inspect(fd, f.spec)
	elsewhere := checkPlace(fd, f.spec)
	if elsewhere == nil && is.proto == unix.IPPROTO_MPTCP && f.wanted[0].proto != unix.IPPROTO_MPTCP {
		elsewhere = errMultipath
	}
	if a, err := describe(fd); err == nil {
		f.heard(a, differs, elsewhere)
	}
	switch {
	case differs != nil || elsewhere != nil:
		return d.Close()
	case len(f.wanted) > 1 && is.domain != f.wanted[0].domain:
		f.ipv4 = append(f.ipv4, d)
	default:
		f.exact = append(f.exact, d)
	}
	return nil
}

// errMultipath: Go's net.Listen makes such sockets since Go 1.24.
var errMultipath = errors.New("it speaks multipath TCP: set multipath = true")

// heard notes what there is, for the error.
func (f *finding) heard(a Address, differs, elsewhere error) {
	if elsewhere == nil {
		f.listens = append(f.listens, a)
		return
	}
	f.beside = append(f.beside, fmt.Sprintf("%s (%v)", a, elsewhere))
	f.abroad = f.abroad || differs == nil && errors.Is(elsewhere, errNamespace)
}

// takes says whether a socket takes connections, or datagrams from anybody.
func takes(fd int) bool {
	is, err := kindOf(fd)
	if err != nil {
		return false
	}
	if is.typ != unix.SOCK_DGRAM {
		accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		return err == nil && accepts != 0
	}
	_, err = unix.Getpeername(fd)
	return errors.Is(err, unix.ENOTCONN)
}

// choose follows the rule of TakeFrom. What it gives is no longer the finding's.
func (f *finding) choose() (*Descriptor, error) {
	found := &f.exact
	if len(f.exact) == 0 {
		found = &f.ipv4
	}
	switch beside := f.ipv6Beside(); {
	case len(*found) == 0:
		return nil, f.missing()
	case found == &f.ipv4 && beside != nil:
		network := f.spec.Address.Network
		return nil, fmt.Errorf("it serves IPv4 and IPv6 by a socket each (configure two listeners: %s4://:%d and %s)", network, f.spec.Address.Port, beside)
	case len(*found) > 1 && !f.migrates():
		return nil, fmt.Errorf("it has %d sockets there (SO_REUSEPORT), and what waits in those that are not taken would be lost"+
			" (set net.ipv4.tcp_migrate_req = 1, or let it open one)", len(*found))
	}
	d := (*found)[0]
	*found = (*found)[1:]
	return d, nil
}

// ipv6Beside gives what the process has for IPv6 at the same port.
func (f *finding) ipv6Beside() *Address {
	for _, a := range f.listens {
		if a.Network == f.spec.Address.Network+"6" && a.Port == f.spec.Address.Port {
			return &a
		}
	}
	return nil
}

// migrates: see tcp_migrate_req in Documentation/networking/ip-sysctl.rst (Linux 5.14).
func (f *finding) migrates() bool {
	value, err := readFile("/proc/sys/net/ipv4/tcp_migrate_req")
	return err == nil && value == "1" && f.spec.Address.isTCP()
}

func (f *finding) missing() error {
	if f.abroad { // to open another one here would serve nobody whom it serves
		return fmt.Errorf("%w (take it by a supervise in that namespace, or leave take_from out)", errNamespace)
	}
	if len(f.listens)+len(f.beside) == 0 {
		return fmt.Errorf("%w: it has no listening socket", ErrNotThere)
	}
	names := f.beside
	for _, a := range f.listens {
		names = append(names, a.String())
	}
	sort.Strings(names)
	if most := 10; len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return fmt.Errorf("%w: it listens on %s", ErrNotThere, strings.Join(names, ", "))
}

func (f *finding) close() {
	for _, d := range append(f.exact, f.ipv4...) {
		_ = d.Close()
	}
}

// explainTake says what to do about what the kernel answered.
func explainTake(pid int, err error) error {
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, os.ErrNotExist), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: there is no such process", ErrNotThere)
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("%w (it needs Linux 5.6)", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w (%s)", err, whyNotTraced(pid))
	}
	return err
}

// whyNotTraced goes through what ptrace(2) asks for.
func whyNotTraced(pid int) string {
	const needed = "run supervise as root, with CAP_SYS_PTRACE"
	if uid := userOf(pid); uid >= 0 && uid != os.Geteuid() {
		return fmt.Sprintf("it runs as another user, uid %d: %s", uid, needed)
	}
	if scope, err := readFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil && scope != "0" {
		return fmt.Sprintf("kernel.yama.ptrace_scope is %s: %s", scope, needed)
	}
	return "it may not be traced, because it changed its user or its capabilities, or a filter forbids the call: " + needed
}

// userOf reads the real user id, which /proc/PID itself does not show for a process that may not be dumped; -1 when it
// cannot be read.
func userOf(pid int) int {
	status, err := readFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	_, after, found := strings.Cut(status, "\nUid:\t")
	text, _, _ := strings.Cut(after, "\t")
	uid, failed := strconv.Atoi(text)
	if err != nil || !found || failed != nil {
		return -1
	}
	return uid
}
