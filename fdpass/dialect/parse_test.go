package dialect

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// env is a getenv over a map.
func env(m map[string]string) func(string) string {
	return func(key string) string { return m[key] }
}

func TestParseSystemd(t *testing.T) {
	for _, c := range []struct {
		name            string
		pid, fds, names string
		want            []Received
		wantErr         string
	}{
		{"named", "42", "2", "web:admin", []Received{{3, "web"}, {4, "admin"}}, ""},
		{"nameless", "42", "2", "", []Received{{3, "unknown"}, {4, "unknown"}}, ""},
		{"empty names", "42", "2", ":", []Received{{3, ""}, {4, ""}}, ""},
		{"not started with any", "", "", "", nil, ""},
		{"count without pid", "", "2", "", nil, ""},
		{"pid without count", "42", "", "", nil, ""},
		{"for another process", "41", "2", "web:admin", nil, ""},
		{"for another process, broken", "41", "x", "web:admin", nil, ""},
		{"too few names", "42", "2", "web", nil, `cannot read LISTEN_FDNAMES "web": 1 names for 2 descriptors`},
		{"too many names", "42", "1", "web:admin", nil, `cannot read LISTEN_FDNAMES "web:admin": 2 names for 1 descriptors`},
		{"bad name", "42", "1", "w\x01", nil, `cannot read LISTEN_FDNAMES "w\x01": name "w\x01" contains "\x01" (printable ASCII without ":" is allowed)`},
		{"none", "42", "0", "", nil, `cannot read LISTEN_FDS "0": not a number of descriptors from 1 to 1048576`},
		{"huge", "42", "1048577", "", nil, `cannot read LISTEN_FDS "1048577": not a number of descriptors from 1 to 1048576`},
		{"overflow", "42", "99999999999", "", nil, `cannot read LISTEN_FDS "99999999999": not a decimal number from 0 to 2147483647`},
		{"sign", "42", "+1", "", nil, `cannot read LISTEN_FDS "+1": not a decimal number from 0 to 2147483647`},
		{"space", "42", " 1", "", nil, `cannot read LISTEN_FDS " 1": not a decimal number from 0 to 2147483647`},
		{"leading zero", "42", "01", "", nil, `cannot read LISTEN_FDS "01": not a decimal number from 0 to 2147483647`},
		{"bad pid", "4x2", "1", "", nil, `cannot read LISTEN_PID "4x2": not a decimal number from 0 to 2147483647`},
		{"negative pid", "-42", "1", "", nil, `cannot read LISTEN_PID "-42": not a decimal number from 0 to 2147483647`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseSystemd(env(map[string]string{
				"LISTEN_PID": c.pid, "LISTEN_FDS": c.fds, "LISTEN_FDNAMES": c.names}), 42)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			if (err == nil) != (c.wantErr == "") || err != nil && err.Error() != c.wantErr {
				t.Errorf("error %v, want %q", err, c.wantErr)
			}
		})
	}
}

// roundTrip gives names to Combine and reads them back as the worker would.
func roundTrip(t *testing.T, names []string) {
	t.Helper()
	in := Input{Generation: 1}
	var want []Received
	for i, name := range names {
		in.Sockets = append(in.Sockets, tcp(name, "", 1+i))
		want = append(want, Received{FD: 3 + i, Name: name})
	}
	plan, err := Combine([]string{"einhorn", "systemd"}, in)
	if err != nil {
		return // names that cannot be said are refused: TestFDNames
	}
	vars := map[string]string{}
	for _, kv := range plan.Env {
		key, value, _ := strings.Cut(kv, "=")
		vars[key] = value
	}
	for _, key := range plan.OwnPID {
		vars[key] = strconv.Itoa(os.Getpid())
	}
	got, err := ParseSystemd(env(vars), os.Getpid())
	if err != nil {
		t.Fatalf("the reader refuses what Combine wrote for %q: %v", names, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names %q (-want +got):\n%s", names, diff)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, names := range [][]string{nil, {"web"}, {"web", "admin", "web"}, {"a b", "~"}, strings.Split(strings.Repeat("x ", 300), " ")[:300]} {
		roundTrip(t, names)
	}
}

func FuzzFDNames(f *testing.F) {
	f.Add("web", "admin")
	f.Add("a:b", "")
	f.Add("\x00", "é")
	f.Fuzz(func(t *testing.T, a, b string) { roundTrip(t, []string{a, b}) })
}

func FuzzParseSystemd(f *testing.F) {
	f.Add("42", "2", "web:admin")
	f.Add("42", "1", "")
	f.Add("", "1", "x")
	f.Add("42", "-1", ":")
	f.Add("042", "2147483648", "a:\x7f")
	f.Fuzz(func(t *testing.T, pid, fds, names string) {
		list, err := ParseSystemd(env(map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}), 42)
		if err != nil && list != nil {
			t.Fatalf("an error and %d descriptors", len(list))
		}
		if len(list) > 0 && (pid != "42" || strconv.Itoa(len(list)) != fds) {
			t.Fatalf("%d descriptors from LISTEN_PID=%q LISTEN_FDS=%q", len(list), pid, fds)
		}
		for i, r := range list {
			if r.FD != 3+i || checkChars(r.Name) != nil {
				t.Fatalf("descriptor %d is %+v", i, r)
			}
		}
	})
}
