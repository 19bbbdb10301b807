//go:build linux

package fdpass

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProcHolders(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp://:0", "tcp6://[::1]:0", "udp://:0", "udp4://127.0.0.1:0",
		"unix://" + unixPath(t), "unixgram://" + unixPath(t), "unix://@fdpass-holders"} {
		s := mustOpen(t, spec(address))
		worker := start(t, "hold", s)
		worker.line(t, "holding")
		list, err := Holders(s.Address())
		if err != nil || len(list) != 2 {
			t.Fatalf("%s: %v %v", address, list, err)
		}
		want := map[int]bool{os.Getpid(): true, worker.cmd.Process.Pid: true}
		for _, h := range list {
			if !want[h.PID] || h.Command != commandOf(os.Getpid()) || !s.Address().isUnix() && h.UID != os.Getuid() {
				t.Errorf("%s: %+v", address, h)
			}
		}
	}
}

func TestHoldersOverlap(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	port := s.Address().Port
	for host, expect := range map[string]int{"127.0.0.1": 1, "": 1, "0.0.0.0": 1, "::1": 1} {
		if list, err := Holders(Address{"tcp", host, port, ""}); err != nil || len(list) != expect {
			t.Errorf("%q: %v %v", host, list, err)
		}
	}
	one := mustOpen(t, spec("tcp://127.0.0.1:0")).Address()
	for host, expect := range map[string]int{"127.0.0.2": 0, "127.0.0.1": 1, "::1": 0, "::": 1} {
		if list, err := Holders(Address{"tcp", host, one.Port, ""}); err != nil || len(list) != expect {
			t.Errorf("%q: %v %v", host, list, err)
		}
	}
	if list, err := Holders(Address{"udp", "127.0.0.1", one.Port, ""}); err != nil || len(list) != 0 {
		t.Errorf("udp: %v %v", list, err)
	}
	if _, err := Holders(Address{Network: "vsock"}); err == nil {
		t.Error("vsock has no sock_diag here")
	}
}

// A connection going out can have the wanted port as its own.
func TestHoldersOfAConnection(t *testing.T) {
	l := mustOpen(t, spec("tcp://127.0.0.1:0"))
	own := dial(t, l).LocalAddr().(*net.TCPAddr)
	list, err := Holders(Address{"tcp", "127.0.0.1", uint32(own.Port), ""})
	if err != nil || len(list) != 1 || list[0].PID != os.Getpid() {
		t.Errorf("%v %v", list, err)
	}
}

func TestProcErrorNamesTheHolder(t *testing.T) {
	s, err := Open(spec("unix://" + unixPath(t)))
	if err != nil {
		t.Fatal(err)
	}
	worker := start(t, "hold", s)
	worker.line(t, "holding")
	defer s.file.remove()
	s.d.Close()
	_, err = Open(s.Spec())
	if want := fmt.Sprintf("held by %s (pid %d)", commandOf(os.Getpid()), worker.cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, expected %q", err, want)
	}
}

// Only root sees other users' processes; who is not root shares our user and sees us.
func TestProcHolderOfAnotherUser(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	job := task{SameNet: true, Specs: []Spec{spec(s.Address().String())}}
	want := fmt.Sprintf("held by %s (pid %d)", commandOf(os.Getpid()), os.Getpid())
	if os.Getuid() == 0 {
		job.UID, want = 65534, "held by a process of another user (uid 0)"
	}
	if a := inChild(t, job); a.Errno != unix.EADDRINUSE || !strings.Contains(a.Error, want) {
		t.Errorf("got %q", a.Error)
	}
}

func TestHolderString(t *testing.T) {
	for want, h := range map[string]Holder{
		"nginx (pid 12)":                       {PID: 12, Command: "nginx", UID: 33},
		"a process of another user (uid 4711)": {UID: 4711},
		fmt.Sprintf("a process that is not visible to us (uid %d, in another container?)", os.Geteuid()): {UID: os.Geteuid()},
		"a process that is not visible to us": {UID: -1},
	} {
		if h.String() != want {
			t.Errorf("%q", h)
		}
	}
}

// netlink makes one message of the kind.
func netlink(typ uint16, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	order.PutUint32(b, uint32(headerSize+len(body)))
	order.PutUint16(b[4:], typ)
	return append(b, body...)
}

func inetBody() []byte {
	b := make([]byte, inetMsgSize)
	b[0], b[1] = unix.AF_INET, tcpListen
	binary.BigEndian.PutUint16(b[4:], 8080)
	order.PutUint32(b[64:], 33)
	order.PutUint32(b[68:], 4711)
	return b
}

func unixBody() []byte {
	b := make([]byte, unixMsgSize)
	b[0], b[1], b[2] = unix.AF_UNIX, unix.SOCK_STREAM, tcpListen
	b = append(b, 9, 0, attrName, 0, 0, 'a', 'b', 'c', 'd', 0, 0, 0) // @abcd, padded
	return append(b, 12, 0, attrQueue, 0, 1, 0, 0, 0, 2, 0, 0, 0)
}

func TestParseDiag(t *testing.T) {
	answer := append(netlink(unix.SOCK_DIAG_BY_FAMILY, inetBody()), netlink(unix.SOCK_DIAG_BY_FAMILY, unixBody())...)
	list, done, err := parseDiag(append(answer, netlink(unix.NLMSG_DONE, make([]byte, 4))...))
	if err != nil || !done || len(list) != 2 {
		t.Fatalf("%v %v %v", list, done, err)
	}
	if m := list[0]; m.port != 8080 || m.uid != 33 || m.inode != 4711 || m.state != tcpListen {
		t.Errorf("%+v", m)
	}
	if m := list[1]; m.name != "@abcd" || m.readQueue != 1 || m.writeQueue != 2 {
		t.Errorf("%+v", m)
	}
	_, _, err = parseDiag(netlink(unix.NLMSG_ERROR, []byte{0xfe, 0xff, 0xff, 0xff}))
	if !errors.Is(err, unix.ENOENT) && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		t.Errorf("got %v", err)
	}
}

func TestParseDiagRefuses(t *testing.T) {
	long := netlink(unix.SOCK_DIAG_BY_FAMILY, inetBody())
	order.PutUint32(long, 1<<20)
	attribute := unixBody()
	attribute[unixMsgSize] = 200
	for name, b := range map[string][]byte{
		"short header":    {1, 2, 3},
		"no length":       make([]byte, 16),
		"length too long": long,
		"short body":      netlink(unix.SOCK_DIAG_BY_FAMILY, inetBody()[:40]),
		"unknown family":  netlink(unix.SOCK_DIAG_BY_FAMILY, make([]byte, 80)),
		"long attribute":  netlink(unix.SOCK_DIAG_BY_FAMILY, attribute),
		"cut attribute":   netlink(unix.SOCK_DIAG_BY_FAMILY, append(unixBody(), 1)),
		"short error":     netlink(unix.NLMSG_ERROR, []byte{1}),
	} {
		if _, _, err := parseDiag(b); !errors.Is(err, errDiag) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzDiag(f *testing.F) {
	f.Add(netlink(unix.SOCK_DIAG_BY_FAMILY, inetBody()))
	f.Add(append(netlink(unix.SOCK_DIAG_BY_FAMILY, unixBody()), netlink(unix.NLMSG_DONE, nil)...))
	f.Add(netlink(unix.NLMSG_ERROR, []byte{0, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _, _ := parseDiag(b)
		if len(list) > len(b)/(headerSize+unixMsgSize) {
			t.Errorf("%d sockets out of %d bytes", len(list), len(b))
		}
	})
}

func FuzzInotify(f *testing.F) {
	f.Add(make([]byte, unix.SizeofInotifyEvent))
	f.Add([]byte{1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if list := parseInotify(b); len(list) > len(b)/unix.SizeofInotifyEvent {
			t.Errorf("%d events out of %d bytes", len(list), len(b))
		}
	})
}

// TestProcUnheld checks what is found of one that has a socket open, one that has it not, and one that has ended and nobody has noticed.
func TestProcUnheld(t *testing.T) {
	s, other := mustOpen(t, spec("tcp://127.0.0.1:0")), mustOpen(t, spec("tcp://127.0.0.1:0"))
	worker := start(t, "hold", s)
	worker.line(t, "holding")
	pid, sockets := worker.cmd.Process.Pid, []*Descriptor{s.Descriptor(), other.Descriptor()}
	if got := Unheld([]int{pid}, sockets); !slices.Equal(got, []int{1}) {
		t.Errorf("of a worker: %v", got)
	}
	if got := Unheld([]int{pid, os.Getpid()}, sockets); got != nil {
		t.Errorf("of both: %v", got)
	}
	if err := worker.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if got := Unheld([]int{pid}, sockets); got != nil {
		t.Errorf("of one that has ended: %v", got)
	}
	if got := Unheld([]int{pid, os.Getpid()}, sockets); got != nil {
		t.Errorf("of it and one that has not: %v", got)
	}
}
