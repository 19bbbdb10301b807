package fdpass

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func holders(a Address) ([]Holder, error) {
	sockets, err := socketsAt(a)
	if err != nil || len(sockets) == 0 {
		return nil, err
	}
	owners := processesOf(sockets)
	var list []Holder
	seen := map[int]bool{}
	for _, m := range sockets {
		for _, pid := range owners[m.inode] {
			if !seen[pid] {
				seen[pid] = true
				list = append(list, Holder{PID: pid, Command: commandOf(pid), UID: int(int32(m.uid))})
			}
		}
		if len(owners[m.inode]) == 0 {
			list = append(list, Holder{UID: int(int32(m.uid))})
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].PID != 0 && list[j].PID == 0 })
	return list, nil
}

func socketsAt(a Address) ([]diagMessage, error) {
	switch {
	case a.isIP():
		return inetSocketsAt(a)
	case a.isUnix():
		return unixSocketsAt(a)
	}
	return nil, fmt.Errorf("cannot find who holds %s: the kernel tells it for IP and unix sockets only", a)
}

// inetSocketsAt prefers listeners; without one it is a connection whose own port is in the way.
func inetSocketsAt(a Address) ([]diagMessage, error) {
	ip, err := a.ip()
	if err != nil {
		return nil, err
	}
	protocol := uint8(unix.IPPROTO_TCP)
	if a.isUDP() {
		protocol = unix.IPPROTO_UDP
	}
	var listeners, others []diagMessage
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		list, err := diag(inetRequest(family, protocol, uint16(a.Port)), unix.NLM_F_DUMP)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			switch {
			case m.inode == 0 || m.port != uint16(a.Port) || !overlap(ip, m, a):
			case m.state == tcpListen:
				listeners = append(listeners, m)
			default:
				others = append(others, m)
			}
		}
	}
	if len(listeners) > 0 {
		return listeners, nil
	}
	return others, nil
}

// overlap says whether a socket is in the way of binding ip: the same address, or a wildcard on one side. An IPv6
// wildcard is in the way of IPv4 unless it is IPv6 only, which sock_diag does not tell; then we name one too many.
func overlap(ip netip.Addr, m diagMessage, a Address) bool {
	other := netip.AddrFrom16(m.addr).Unmap()
	if m.family == unix.AF_INET {
		other = netip.AddrFrom4([4]byte(m.addr[:4]))
	}
	dual := func(ip netip.Addr, strict bool) bool { return ip.IsUnspecified() && ip.Is6() && !strict }
	if ip.Is4() == other.Is4() {
		return ip.WithZone("") == other || ip.IsUnspecified() || other.IsUnspecified()
	}
	return dual(ip, strings.HasSuffix(a.Network, "6")) || dual(other, false)
}

// unixSocketsAt finds them by name, or by the inode of the path when they were bound by another spelling of it.
func unixSocketsAt(a Address) ([]diagMessage, error) {
	list, err := diag(unixRequest(0, showName|showVFS|showUser), unix.NLM_F_DUMP)
	if err != nil {
		return nil, err
	}
	id, _, _ := identify(a.Path)
	var found []diagMessage
	for _, m := range list {
		bound := m.state == tcpListen || m.state == 7 // TCP_CLOSE: datagram sockets, and bound ones before listen
		if bound && (m.name == a.Path || id.ino != 0 && m.vfsInode == uint32(id.ino)) {
			found = append(found, m)
		}
	}
	return found, nil
}

// processesOf looks through /proc/PID/fd for the sockets' inodes.
func processesOf(sockets []diagMessage) map[uint32][]int {
	wanted := map[string]uint32{}
	for _, m := range sockets {
		wanted[fmt.Sprintf("socket:[%d]", m.inode)] = m.inode
	}
	found := map[uint32][]int{}
	for _, pid := range pids() {
		for inode := range descriptorsOf(pid, wanted) {
			found[inode] = append(found[inode], pid)
		}
	}
	return found
}

func pids() []int {
	entries, _ := os.ReadDir("/proc")
	var list []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, pid)
		}
	}
	sort.Ints(list)
	return list
}

// descriptorsOf gives those of the wanted inodes that the process has open; none when we may not look.
func descriptorsOf(pid int, wanted map[string]uint32) map[uint32]bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, _ := os.ReadDir(dir)
	found := map[uint32]bool{}
	for _, e := range entries {
		link, err := os.Readlink(filepath.Join(dir, e.Name()))
		if inode, ok := wanted[link]; ok && err == nil {
			found[inode] = true
		}
	}
	return found
}

// commandOf gives the process's own name for itself, or its file's where it has none: a program that started itself by
// /proc/self/exe is called "exe".
func commandOf(pid int) string {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	name, err := readFile(filepath.Join(dir, "comm"))
	if err != nil {
		return "a process"
	}
	if link, err := os.Readlink(filepath.Join(dir, "exe")); name == "exe" && err == nil {
		name = filepath.Base(strings.TrimSuffix(link, " (deleted)"))
	}
	return name
}

const heldByUs = "held by this process itself"

// heldBy puts the holders of an address into words for an error.
func heldBy(a Address) string {
	list, err := holders(a)
	switch {
	case err != nil || len(list) == 0:
		return ""
	case list[0].PID == os.Getpid():
		return heldByUs
	case len(list) == 1:
		return "held by " + list[0].String()
	}
	return fmt.Sprintf("held by %s and %d more", list[0], len(list)-1)
}
