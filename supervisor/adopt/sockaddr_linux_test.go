package adopt

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func ip4(port, address string) []byte {
	return []byte("\x02\x00" + port + address + strings.Repeat("\x00", 8))
}

func TestParseSockaddr(t *testing.T) {
	six := "\x0a\x00\x1f\x90" + "\x00\x00\x00\x00" + strings.Repeat("\x00", 15) + "\x01"
	for _, c := range []struct {
		name string
		b    string
		want string // "" when it is none of ours
	}{
		{"IPv4", string(ip4("\x1f\x90", "\x7f\x00\x00\x01")), "tcp4://127.0.0.1:8080"},
		{"IPv4, port 0", string(ip4("\x00\x00", "\x7f\x00\x00\x01")), ""},
		{"IPv4, cut", "\x02\x00\x1f\x90\x7f", ""},
		{"IPv6", six + "\x00\x00\x00\x00", "tcp6://[::1]:8080"},
		{"IPv6 without scope", six, "tcp6://[::1]:8080"},
		{"IPv6, cut", six[:20], ""},
		{"every IPv6 address", "\x0a\x00\x1f\x90" + strings.Repeat("\x00", 24), "tcp://[::]:8080"},
		{"a path", "\x01\x00/run/a.sock\x00rest", "unix:///run/a.sock"},
		{"a path without end", "\x01\x00/run/a.sock", "unix:///run/a.sock"},
		{"a path that fills it", "\x01\x00" + strings.Repeat("a", 108), "unix://" + strings.Repeat("a", 108)},
		{"a path that is too long", "\x01\x00" + strings.Repeat("a", 109), ""},
		{"abstract", "\x01\x00\x00name", "unix://@name"},
		{"no name", "\x01\x00", ""},
		{"an empty abstract name", "\x01\x00\x00", ""},
		{"netlink", "\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"nothing", "", ""},
		{"one byte", "\x02", ""},
		{"too long", "\x02\x00" + strings.Repeat("\x01", 200), ""},
	} {
		a, ok := parseSockaddr([]byte(c.b))
		if ok != (c.want != "") || ok && a.text(nature{}) != c.want {
			t.Errorf("%s: got %+v, %v", c.name, a, ok)
		}
	}
}

func FuzzParseSockaddr(f *testing.F) {
	f.Add(ip4("\x1f\x90", "\x7f\x00\x00\x01"))
	f.Add([]byte("\x01\x00/run/a.sock\x00"))
	f.Add([]byte("\x01\x00\x00name"))
	f.Add([]byte("\x0a\x00\x1f\x90" + strings.Repeat("\x00", 24)))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := parseSockaddr(b)
		if ok && a.ip.Port() == 0 && a.path == "" {
			t.Errorf("%+v is nothing", a)
		}
		if ok && a.family != unix.AF_UNIX && a.path != "" || len(a.path) > 109 {
			t.Errorf("%+v", a)
		}
		_ = a.text(nature{})
	})
}

func FuzzParseWatches(f *testing.F) {
	f.Add("pos:\t0\nflags:\t02\ntfd:        3 events:       19 data: 1122334455667788  pos:0 ino:1c sdev:9\n")
	f.Add("tfd: 3 events: zz data:")
	f.Fuzz(func(t *testing.T, info string) {
		if list := parseWatches(info, 5, 3); len(list) > strings.Count(info, "\n")+1 {
			t.Errorf("%d registrations", len(list))
		}
	})
}

func TestParseWatches(t *testing.T) {
	list := parseWatches("pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t42\ntfd:        3 events:       19 data: 1122334455667788  pos:0 ino:1c sdev:9\n"+
		"tfd:        4 events:       19 data: 4  pos:0 ino:1c sdev:9\n", 5, 3)
	if len(list) != 1 || list[0] != (watch{epoll: 5, events: 0x19, data: 0x1122334455667788}) {
		t.Errorf("got %+v", list)
	}
}
