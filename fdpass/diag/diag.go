package diag

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
)

// Connections gives the TCP connections, IPv4 and IPv6, that are open at these local ports and that a process holds: the inode of the
// socket, and the port. Outbound connections are among them only where their local port is one of these. Without ports it asks nothing.
func Connections(ports []uint16) (map[uint64]uint16, error) {
	found := map[uint64]uint16{}
	if len(ports) == 0 {
		return found, nil
	}
	wanted := setOf(ports)
	err := inet(openStates, ports, func(s socket) {
		if s.inode != 0 && wanted[s.local.Port()] {
			found[uint64(s.inode)] = s.local.Port()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list TCP connections: %w", err)
	}
	return found, nil
}

// Handshakes gives the clients that are in the middle of a TCP handshake with a listener at local: their SYN has been answered, their
// connection is not in the accept queue yet (SYN_RECV). An unspecified address (0.0.0.0, [::]) stands for all. Of several sockets
// that listen at one address the kernel does not tell which will get the connection: it is the one that was chosen when the SYN came.
// Those that the kernel remembers in a SYN cookie alone are not told.
func Handshakes(local netip.AddrPort) ([]netip.AddrPort, error) {
	var clients []netip.AddrPort
	addr := local.Addr().Unmap()
	err := inet(handshakeStates, []uint16{local.Port()}, func(s socket) {
		if s.local.Port() == local.Port() && (addr.IsUnspecified() || addr.WithZone("") == s.local.Addr()) {
			clients = append(clients, s.remote)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list TCP handshakes: %w", err)
	}
	return clients, nil
}

// UnixConnections gives the unix connections (stream, seqpacket) that are open at listeners with these names, and that a process holds
// at the listener's side: the inode of the socket, and the name. A name is the path as it was given to bind(2), or "@" and an abstract name.
// Without names it asks nothing.
func UnixConnections(names []string) (map[uint64]string, error) {
	found := map[uint64]string{}
	if len(names) == 0 {
		return found, nil
	}
	wanted := setOf(names)
	err := unixStreams(func(inode uint32, name string) {
		if inode != 0 && wanted[name] {
			found[uint64(inode)] = name
		}
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list unix connections: %w", err)
	}
	return found, nil
}

// Held gives the inodes of the sockets that a process has open, one as often as the process has descriptors of it. By errors.Is the error
// is fs.ErrNotExist when the process is gone, and fs.ErrPermission when its descriptors are not for this process to see, ptrace(2).
func Held(pid int) ([]uint64, error) {
	inodes, err := held(pid)
	if err != nil {
		return nil, fmt.Errorf("cannot list the sockets of process %d: %w", pid, err)
	}
	return inodes, nil
}

// HeldBy gives the inodes of the sockets that any of several processes has open. Of a process that is gone that is none. With an error, that
// of the first whose descriptors are not to be seen, come those of the others.
func HeldBy(pids []int) (map[uint64]bool, error) {
	open := map[uint64]bool{}
	var first error
	for _, pid := range pids {
		inodes, err := Held(pid)
		if first == nil && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
		for _, inode := range inodes {
			open[inode] = true
		}
	}
	return open, first
}

func setOf[T comparable](list []T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, v := range list {
		set[v] = true
	}
	return set
}
