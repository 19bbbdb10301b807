package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func inherited(name string, handle uintptr) Socket {
	s := tcp(name, "", 80)
	s.Handle = handle
	return s
}

func TestHandles(t *testing.T) {
	web, admin := inherited("web", 540), inherited("admin", 0x7ffffffc)
	runCases(t, []combineCase{{
		name:     "the values in the order of the service",
		dialects: []string{"handles"},
		in:       Input{Sockets: []Socket{admin, web}, System: windows},
		want: Plan{
			Numbers: []Number{{540, 1}, {0x7ffffffc, 0}},
			Env:     []string{"LISTEN_HANDLES=2147483644:540", "LISTEN_FDNAMES=admin:web"},
		},
	}, {
		name:     "nothing is open: made-up values",
		dialects: []string{"handles"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80), web}, System: windows},
		want:     Plan{Numbers: []Number{{4, 0}, {8, 1}}, Env: []string{"LISTEN_HANDLES=4:8", "LISTEN_FDNAMES=web:web"}},
	}, {
		name:     "no listeners",
		dialects: []string{"handles", "systemfd"},
		in:       Input{System: windows},
	}, {
		name:     "one handle twice",
		dialects: []string{"handles"},
		in:       Input{Sockets: []Socket{web, inherited("admin", 540)}, System: windows},
		wantErr:  `cannot hand over sockets by "handles": it wants listener "admin" at descriptor 540, where "handles" has listener "web" (use one of the two)`,
	}, {
		name:     "a name that the list cannot carry",
		dialects: []string{"handles"},
		in:       Input{Sockets: []Socket{inherited("a:b", 540)}, System: windows},
		wantErr:  `cannot hand over sockets by "handles": name "a:b" contains ":" (printable ASCII without ":" is allowed)`,
	}, {
		name:     "the number alone",
		dialects: []string{"none"},
		in:       Input{Sockets: []Socket{web}, System: windows},
		want:     Plan{Numbers: []Number{{540, 0}}},
	}})
	runOwns(t, handles(), map[string]bool{"LISTEN_HANDLES": true, "LISTEN_FDNAMES": true, "LISTEN_HANDLE": false})
}

func TestSystemfd(t *testing.T) {
	serve := []Served{{Protocol: "systemfd", AddressEnv: "SYSTEMFD_SOCKET_SERVER", SecretEnv: "SYSTEMFD_SOCKET_SECRET"}}
	web := inherited("web", 540)
	same := Plan{Numbers: []Number{{3, 0}}, Env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, OwnPID: []string{"LISTEN_PID"}, OwnPIDFDID: []string{"LISTEN_PIDFDID"}}
	runCases(t, []combineCase{{
		name:     "fetched on Windows",
		dialects: []string{"systemfd"},
		in:       Input{Sockets: []Socket{web}, System: windows},
		want:     Plan{Env: []string{"LISTEN_FDNAMES=web"}, Serve: serve},
	}, {
		name:     "beside inheritance",
		dialects: []string{"handles", "systemfd"},
		in:       Input{Sockets: []Socket{web}, System: windows},
		want:     Plan{Numbers: []Number{{540, 0}}, Env: []string{"LISTEN_HANDLES=540", "LISTEN_FDNAMES=web"}, Serve: serve},
	}, {
		name:     "systemd's elsewhere",
		dialects: []string{"systemfd"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}, System: "linux"},
		want:     same,
	}, {
		name:     "systemd's once",
		dialects: []string{"systemfd", "systemd"},
		in:       Input{Sockets: []Socket{tcp("web", "", 80)}},
		want:     same,
	}})
	for _, system := range []string{"linux", windows} {
		runOwns(t, systemfd(system), map[string]bool{"SYSTEMFD_SOCKET_SERVER": true, "SYSTEMFD_SOCKET_SECRET": true, "SYSTEMFD": false})
	}
}

func TestParseHandles(t *testing.T) {
	for _, c := range []struct {
		handles, names string
		want           []Received
		err            string
	}{
		{"", "", nil, ""},
		{"540", "", []Received{{540, "unknown"}}, ""},
		{"540:4", "web:admin", []Received{{540, "web"}, {4, "admin"}}, ""},
		{"540:4", "web", nil, `cannot read LISTEN_FDNAMES "web": 1 names for 2 descriptors`},
		{"0", "", nil, `cannot read LISTEN_HANDLES "0": "0" is not a handle`},
		{"4:4", "", nil, `cannot read LISTEN_HANDLES "4:4": "4" is a handle that is there twice`},
		{"0x4", "", nil, `cannot read LISTEN_HANDLES "0x4": "0x4" is not a decimal number from 0 to 2147483647`},
		{"4:", "", nil, `cannot read LISTEN_HANDLES "4:": "" is not a decimal number from 0 to 2147483647`},
		{"-4", "", nil, `cannot read LISTEN_HANDLES "-4": "-4" is not a decimal number from 0 to 2147483647`},
		{"2147483648", "", nil, `cannot read LISTEN_HANDLES "2147483648": "2147483648" is not a decimal number from 0 to 2147483647`},
	} {
		got, err := ParseHandles(environment("LISTEN_HANDLES", c.handles, "LISTEN_FDNAMES", c.names))
		if text := errorText(err); text != c.err {
			t.Errorf("%q %q: error %q, want %q", c.handles, c.names, text, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q %q (-want +got):\n%s", c.handles, c.names, diff)
		}
	}
	if _, err := ParseHandles(environment("LISTEN_HANDLES", strings.Repeat("4:", maxFDs))); err == nil {
		t.Error("more handles than there can be")
	}
}

func TestParseSystemfd(t *testing.T) {
	for _, c := range [][]string{{"127.0.0.1:1", "x"}, {"127.0.0.1:1", ""}, {"", "x"}} {
		address, secret, ok := ParseSystemfd(environment("SYSTEMFD_SOCKET_SERVER", c[0], "SYSTEMFD_SOCKET_SECRET", c[1]))
		if address != c[0] || secret != c[1] || ok != (c[0] != "" && c[1] != "") {
			t.Errorf("%v gives %q, %q, %v", c, address, secret, ok)
		}
	}
}

func environment(pairs ...string) func(string) string {
	env := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		env[pair[0]] = pair[1]
	}
	return func(key string) string { return env[key] }
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzHandles reads anything, and what it takes for a list it writes as it was.
func FuzzHandles(f *testing.F) {
	f.Add("540:544", "web:admin")
	f.Add("4", "")
	f.Add("0:0", ":")
	f.Fuzz(func(t *testing.T, value, names string) {
		list, err := ParseHandles(environment("LISTEN_HANDLES", value, "LISTEN_FDNAMES", names))
		if err != nil || list == nil {
			return
		}
		var in Input
		for _, r := range list {
			in.Sockets = append(in.Sockets, Socket{Name: r.Name, Network: "tcp", Handle: uintptr(r.FD)})
		}
		p, err := Combine([]string{"handles"}, in)
		if err != nil {
			if slices.ContainsFunc(list, func(r Received) bool { return r.Name == "" }) {
				return // systemd allows an empty name, a listener has one
			}
			t.Fatal(err)
		}
		if p.Env[0] != "LISTEN_HANDLES="+value || names != "" && p.Env[1] != "LISTEN_FDNAMES="+names {
			t.Fatalf("%q %q became %q", value, names, p.Env)
		}
	})
}
