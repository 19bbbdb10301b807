package fdpass

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// tableOf makes a table as Windows gives it.
func tableOf(at rowLayout, owners ...portOwner) []byte {
	table := binary.LittleEndian.AppendUint32(nil, uint32(len(owners)))
	for _, o := range owners {
		row := make([]byte, at.size)
		copy(row[at.ip:at.ip+at.ipSize], o.ip.AsSlice())
		binary.BigEndian.PutUint16(row[at.port:], uint16(o.port))
		binary.LittleEndian.PutUint32(row[at.pid:], o.pid)
		table = append(table, row...)
	}
	return table
}

func TestParseOwners(t *testing.T) {
	four, six := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("2001:db8::7")
	for name, tt := range map[string]struct {
		udp, six bool
		ip       netip.Addr
	}{
		"tcp4": {false, false, four}, "tcp6": {false, true, six}, "udp4": {true, false, four}, "udp6": {true, true, six},
	} {
		want := []portOwner{{tt.ip, 8080, 812}, {tt.ip, 443, 4}}
		at := ownerLayout(tt.udp, tt.six)
		table := tableOf(at, want...)
		if got, err := parseOwners(append(table, 1, 2, 3), at); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		for cut := range len(table) {
			if got, err := parseOwners(table[:cut], at); err == nil {
				t.Errorf("%s cut at %d: %v", name, cut, got)
			}
		}
	}
}

func FuzzParseOwners(f *testing.F) {
	f.Add([]byte{}, false, false)
	f.Add(tableOf(ownerLayout(false, false), portOwner{netip.MustParseAddr("10.1.2.3"), 80, 9}), false, false)
	f.Add(tableOf(ownerLayout(true, true), portOwner{netip.MustParseAddr("::"), 53, 9}), true, true)
	f.Add([]byte{255, 255, 255, 255, 1, 2, 3}, false, true)
	f.Fuzz(func(t *testing.T, table []byte, udp, six bool) {
		at := ownerLayout(udp, six)
		list, err := parseOwners(table, at)
		if err == nil && len(list)*at.size > len(table) {
			t.Errorf("%d rows out of %d bytes", len(list), len(table))
		}
	})
}

func TestInTheWay(t *testing.T) {
	for _, tt := range []struct {
		has  string // ip
		port uint32
		of   string
		want bool
	}{
		{"127.0.0.1", 80, "tcp://127.0.0.1:80", true},
		{"127.0.0.1", 81, "tcp://127.0.0.1:80", false},
		{"127.0.0.1", 80, "tcp://127.0.0.2:80", false},
		{"0.0.0.0", 80, "tcp://127.0.0.1:80", true},
		{"127.0.0.1", 80, "tcp4://0.0.0.0:80", true},
		{"127.0.0.1", 80, "tcp://[::]:80", true},
		{"127.0.0.1", 80, "tcp6://[::]:80", false},
		{"127.0.0.1", 80, "tcp://[::1]:80", false},
		{"::", 80, "tcp4://127.0.0.1:80", true},
		{"::1", 80, "tcp4://0.0.0.0:80", false},
		{"fe80::1", 80, "tcp6://[fe80::1%7]:80", true},
		{"::1", 80, "tcp://nonsense:80", false},
	} {
		o := portOwner{netip.MustParseAddr(tt.has), tt.port, 1}
		if got := o.inTheWay(spec(tt.of).Address); got != tt.want {
			t.Errorf("%s:%d and %s: %t", tt.has, tt.port, tt.of, got)
		}
	}
}
