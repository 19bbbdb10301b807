package diag

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message makes one netlink message.
func message(typ uint16, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	order.PutUint32(b, uint32(headerSize+len(body)))
	order.PutUint16(b[4:], typ)
	return append(b, body...)
}

// inetBody is a connection from 10.0.0.2:40000 at 10.0.0.1:80.
func inetBody() []byte {
	b := make([]byte, inetMsgSize)
	b[0], b[1] = familyV4, 1
	copy(b[4:], []byte{0, 80, 0x9c, 0x40})
	copy(b[8:], []byte{10, 0, 0, 1})
	copy(b[24:], []byte{10, 0, 0, 2})
	order.PutUint32(b[68:], 4711)
	return b
}

// unixBody is a connection at /run/s.
func unixBody() []byte {
	b := make([]byte, unixMsgSize)
	b[0] = familyUnix
	order.PutUint32(b[4:], 4712)
	b = order.AppendUint16(b, 4+7)
	b = order.AppendUint16(b, attrName)
	return append(b, "/run/s\x00\x00"...)
}

func number(n int32) []byte { return order.AppendUint32(nil, uint32(n)) }

func TestEach(t *testing.T) {
	two := append(message(typeByFamily, inetBody()), message(typeByFamily, inetBody())...)
	long := message(typeByFamily, inetBody())
	order.PutUint32(long, uint32(len(long)+1))
	tests := map[string]struct {
		in   []byte
		n    int
		done bool
		err  error
	}{
		"nothing":              {nil, 0, false, nil},
		"older request":        {message(typeTCP, inetBody()), 1, false, nil},
		"two":                  {two, 2, false, nil},
		"two and the end":      {append(two[:len(two):len(two)], message(typeDone, number(0))...), 2, true, nil},
		"end of an old kernel": {message(typeDone, nil), 0, true, nil},
		"end with an error":    {message(typeDone, number(-int32(syscall.ENOMEM))), 0, true, syscall.ENOMEM},
		"an error":             {message(typeError, number(-int32(syscall.EPERM))), 0, true, syscall.EPERM},
		"acknowledgement":      {message(typeError, number(0)), 0, true, nil},
		"error without number": {message(typeError, nil), 0, true, errAnswer},
		"other kinds":          {message(99, []byte{1, 2, 3, 4}), 0, false, nil},
		"cut header":           {two[:10], 0, false, errAnswer},
		"cut message":          {two[:50], 0, false, errAnswer},
		"length beyond it":     {long, 0, false, errAnswer},
		"length of nothing":    {make([]byte, headerSize), 0, false, errAnswer},
	}
	for name, c := range tests {
		n := 0
		done, err := each(c.in, func([]byte) error { n++; return nil })
		if n != c.n || done != c.done || !errors.Is(err, c.err) {
			t.Errorf("%s: %d messages, done %v, %v; want %d, %v, %v", name, n, done, err, c.n, c.done, c.err)
		}
	}
}

func TestInetSocket(t *testing.T) {
	mapped := inetBody()
	mapped[0] = familyV6
	copy(mapped[8:], netip.MustParseAddr("::ffff:10.0.0.1").AsSlice())
	copy(mapped[24:], netip.MustParseAddr("2001:db8::1").AsSlice())
	unknown := inetBody()
	unknown[0] = familyUnix
	tests := map[string]struct {
		in            []byte
		local, remote string
	}{
		"IPv4":           {inetBody(), "10.0.0.1:80", "10.0.0.2:40000"},
		"IPv6":           {mapped, "10.0.0.1:80", "[2001:db8::1]:40000"},
		"cut":            {inetBody()[:inetMsgSize-1], "", ""},
		"unknown family": {unknown, "", ""},
	}
	for name, c := range tests {
		s, err := inetSocket(c.in)
		if c.local == "" {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			continue
		}
		if err != nil || s.local.String() != c.local || s.remote.String() != c.remote || s.inode != 4711 {
			t.Errorf("%s: %+v, %v; want %s and %s", name, s, err, c.local, c.remote)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	abstract := append(unixBody()[:unixMsgSize+4], "\x00name00"...)
	longAttribute := unixBody()
	order.PutUint16(longAttribute[unixMsgSize:], 100)
	tests := map[string]struct {
		in   []byte
		name string
		ok   bool
	}{
		"path":           {unixBody(), "/run/s", true},
		"abstract":       {abstract, "@name00", true},
		"without a name": {unixBody()[:unixMsgSize], "", true},
		"cut":            {unixBody()[:unixMsgSize-1], "", false},
		"cut attribute":  {append(unixBody(), 1), "", false},
		"long attribute": {longAttribute, "", false},
		"other family":   {make([]byte, unixMsgSize), "", false},
	}
	for what, c := range tests {
		inode, name, err := unixSocket(c.in)
		if (err == nil) != c.ok || c.ok && (name != c.name || inode != 4712) {
			t.Errorf("%s: inode %d, name %q, %v; want %q, %v", what, inode, name, err, c.name, c.ok)
		}
	}
}

// TestPortFilter runs the program as the kernel does, with every port.
func TestPortFilter(t *testing.T) {
	for _, ports := range [][]uint16{{80}, {80, 443}, {1, 2, 3, 65535}, make([]uint16, maxFilter)} {
		program := portFilter(ports)[4:]
		for port := range 1 << 16 {
			if got, want := runFilter(t, program, uint16(port)), setOf(ports)[uint16(port)]; got != want {
				t.Fatalf("filter of %v lets port %d through: %v", ports, port, got)
			}
		}
	}
}

func runFilter(t *testing.T, program []byte, port uint16) bool {
	t.Helper()
	left := program
	for len(left) > 0 {
		code, yes, no := left[0], int(left[1]), int(order.Uint16(left[2:]))
		jump := yes
		if code == 1 || order.Uint16(left[6:]) != port {
			jump = no
		}
		if jump > len(left) {
			return false
		}
		left = left[jump:]
	}
	return true
}

func TestRequests(t *testing.T) {
	want := message(typeByFamily, append([]byte{familyV6, protocolTCP, 0, 0, 2, 0, 0, 0}, make([]byte, inetReqSize-8)...))
	want = append(want, 16, 0, attrBytecode, 0, 11, 8, 16, 0, 0, 0, 80, 0, 1, 4, 4, 0)
	order.PutUint32(want, uint32(len(want)))
	order.PutUint16(want[6:], flagRequest|flagDump)
	if got := inetRequest(familyV6, established, []uint16{80}); order.Uint16([]byte{1, 0}) == 1 && !cmp.Equal(got, want) {
		t.Errorf("request:\n%s", cmp.Diff(want, got))
	}
	both := message(typeTCP, make([]byte, bothReqSize))
	both[headerSize+52] = 2
	both = append(both, want[headerSize+inetReqSize:]...)
	order.PutUint32(both, uint32(len(both)))
	order.PutUint16(both[6:], flagRequest|flagDump)
	if got := bothRequest(established, []uint16{80}); order.Uint16([]byte{1, 0}) == 1 && !cmp.Equal(got, both) {
		t.Errorf("request:\n%s", cmp.Diff(both, got))
	}
	if got := inetRequest(familyV4, established, make([]uint16, maxFilter+1)); len(got) != headerSize+inetReqSize {
		t.Errorf("%d bytes with more ports than the filter has room for, want no filter", len(got))
	}
}

func FuzzEach(f *testing.F) {
	f.Add(append(message(typeByFamily, inetBody()), message(typeDone, number(0))...))
	f.Add(append(message(typeByFamily, unixBody()), message(typeDone, nil)...))
	f.Add(message(typeTCP, inetBody()))
	f.Add(message(typeError, number(-2)))
	f.Add(message(typeByFamily, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		done, err := each(b, func(body []byte) error {
			s, inetErr := inetSocket(body)
			inode, name, unixErr := unixSocket(body)
			if inetErr == nil && (unixErr == nil || !s.local.IsValid() || !s.remote.IsValid()) {
				t.Errorf("%v is a socket %+v and a unix socket %d %q", body, s, inode, name)
			}
			if len(name) > len(body) {
				t.Errorf("a name of %d bytes in %d", len(name), len(body))
			}
			return inetErr
		})
		if err != nil && done && len(b) < headerSize {
			t.Errorf("an answer of %d bytes is complete", len(b))
		}
	})
}
