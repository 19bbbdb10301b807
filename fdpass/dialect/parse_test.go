package dialect

import (
	"maps"
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
		{"pid left out", "", "2", "web:admin", []Received{{3, "web"}, {4, "admin"}}, ""},
		{"pid left out, broken", "", "x", "", nil, `cannot read LISTEN_FDS "x": not a decimal number from 0 to 2147483647`},
		{"pid of the parent", "parent:7", "1", "web", []Received{{3, "web"}}, ""},
		{"pid of another parent", "parent:42", "1", "web", nil, ""},
		{"no pid of the parent", "parent:", "1", "web", nil, `cannot read LISTEN_PID "parent:": not a decimal number from 0 to 2147483647`},
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
				"LISTEN_PID": c.pid, "LISTEN_FDS": c.fds, "LISTEN_FDNAMES": c.names}), 42, 7)
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
	got, err := ParseSystemd(env(vars), os.Getpid(), os.Getppid())
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
	f.Add("parent:7", "1", "x")
	f.Add("42", "-1", ":")
	f.Add("042", "2147483648", "a:\x7f")
	f.Fuzz(func(t *testing.T, pid, fds, names string) {
		list, err := ParseSystemd(env(map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}), 42, 7)
		if err != nil && list != nil {
			t.Fatalf("an error and %d descriptors", len(list))
		}
		if len(list) > 0 && (pid != "42" && pid != "" && pid != "parent:7" || strconv.Itoa(len(list)) != fds) {
			t.Fatalf("%d descriptors from LISTEN_PID=%q LISTEN_FDS=%q", len(list), pid, fds)
		}
		for i, r := range list {
			if r.FD != 3+i || checkChars(r.Name) != nil {
				t.Fatalf("descriptor %d is %+v", i, r)
			}
		}
	})
}

func TestParseEinhorn(t *testing.T) {
	for _, c := range []struct {
		name    string
		vars    map[string]string
		want    []Received
		wantErr string
	}{
		{"two", map[string]string{"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "2", "EINHORN_FD_0": "5", "EINHORN_FD_1": "3"},
			[]Received{{5, "unknown"}, {3, "unknown"}}, ""},
		{"none", nil, nil, ""},
		{"of another parent", map[string]string{"EINHORN_MASTER_PID": "8", "EINHORN_FD_COUNT": "1", "EINHORN_FD_0": "3"}, nil, ""},
		{"without a parent", map[string]string{"EINHORN_FD_COUNT": "1", "EINHORN_FD_0": "3"}, nil, ""},
		{"bad parent", map[string]string{"EINHORN_MASTER_PID": "x", "EINHORN_FD_COUNT": "1"}, nil,
			`cannot read EINHORN_MASTER_PID "x": not a decimal number from 0 to 2147483647`},
		{"zero", map[string]string{"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "0"}, nil,
			`cannot read EINHORN_FD_COUNT "0": not a number of descriptors from 1 to 1048576`},
		{"one missing", map[string]string{"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "1000000", "EINHORN_FD_0": "3"}, nil,
			`cannot read EINHORN_FD_1 "": not a decimal number from 0 to 2147483647`},
		{"twice", map[string]string{"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "2", "EINHORN_FD_0": "3", "EINHORN_FD_1": "3"}, nil,
			`cannot read EINHORN_FD_1 "3": a descriptor that is there twice`},
		{"a standard stream", map[string]string{"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "1", "EINHORN_FD_0": "2"}, nil,
			`cannot read EINHORN_FD_0 "2": a standard stream`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseEinhorn(env(c.vars), 7)
			checkParsed(t, got, err, c.want, c.wantErr)
		})
	}
}

func TestParseServerStarter(t *testing.T) {
	for _, c := range []struct {
		value   string
		want    []Received
		wantErr string
	}{
		{"", nil, ""},
		{"80=3;[::1]:81=4;/run/x.sock=9", []Received{{3, "80"}, {4, "[::1]:81"}, {9, "/run/x.sock"}}, ""},
		{"80=3;", nil, `cannot read SERVER_STARTER_PORT "80=3;": "" is not like ADDRESS=NUMBER`},
		{"=3", nil, `cannot read SERVER_STARTER_PORT "=3": "=3" is not like ADDRESS=NUMBER`},
		{"80", nil, `cannot read SERVER_STARTER_PORT "80": "80" is not like ADDRESS=NUMBER`},
		{"80=x", nil, `cannot read SERVER_STARTER_PORT "80=x": "x" is not a decimal number from 0 to 2147483647`},
		{"80=1", nil, `cannot read SERVER_STARTER_PORT "80=1": "1" is a standard stream`},
		{"80=3;81=3", nil, `cannot read SERVER_STARTER_PORT "80=3;81=3": "3" is a descriptor that is there twice`},
	} {
		t.Run(c.value, func(t *testing.T) {
			got, err := ParseServerStarter(env(map[string]string{"SERVER_STARTER_PORT": c.value}))
			checkParsed(t, got, err, c.want, c.wantErr)
		})
	}
}

func checkParsed(t *testing.T, got []Received, err error, want []Received, wantErr string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if (err == nil) != (wantErr == "") || err != nil && err.Error() != wantErr {
		t.Errorf("error %v, want %q", err, wantErr)
	}
}

// TestParse checks which convention has the say.
func TestParse(t *testing.T) {
	all := map[string]string{
		"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web",
		"EINHORN_MASTER_PID": "7", "EINHORN_FD_COUNT": "1", "EINHORN_FD_0": "4",
		"SERVER_STARTER_PORT": "80=5",
	}
	for _, c := range []struct {
		name    string
		without []string
		pid     int
		want    []Received
	}{
		{"systemd first", nil, 42, []Received{{3, "web"}}},
		{"not for us", nil, 43, nil},
		{"then einhorn", []string{"LISTEN_FDS"}, 42, []Received{{4, "unknown"}}},
		{"then Server::Starter", []string{"LISTEN_FDS", "EINHORN_FD_COUNT"}, 42, []Received{{5, "80"}}},
		{"nothing", []string{"LISTEN_FDS", "EINHORN_FD_COUNT", "SERVER_STARTER_PORT"}, 42, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars := maps.Clone(all)
			for _, key := range c.without {
				delete(vars, key)
			}
			got, err := Parse(env(vars), c.pid, 7)
			checkParsed(t, got, err, c.want, "")
		})
	}
}

func FuzzParseEinhorn(f *testing.F) {
	f.Add("7", "2", "3", "4")
	f.Add("7", "1048577", "3", "")
	f.Add("07", "1", "-3", "x")
	f.Fuzz(func(t *testing.T, master, count, first, second string) {
		list, err := ParseEinhorn(env(map[string]string{"EINHORN_MASTER_PID": master, "EINHORN_FD_COUNT": count,
			"EINHORN_FD_0": first, "EINHORN_FD_1": second}), 7)
		if err != nil && list != nil || len(list) > 2 {
			t.Fatalf("an error %v and %d descriptors", err, len(list))
		}
		checkNumbersOf(t, list)
	})
}

func FuzzParseServerStarter(f *testing.F) {
	f.Add("80=3;[::1]:81=4;/run/x.sock=9")
	f.Add(";=;3=")
	f.Fuzz(func(t *testing.T, value string) {
		list, err := ParseServerStarter(env(map[string]string{"SERVER_STARTER_PORT": value}))
		if err != nil && list != nil {
			t.Fatalf("an error and %d descriptors", len(list))
		}
		checkNumbersOf(t, list)
	})
}

func checkNumbersOf(t *testing.T, list []Received) {
	t.Helper()
	seen := map[int]bool{}
	for _, r := range list {
		if r.FD < 3 || seen[r.FD] || r.Name == "" {
			t.Fatalf("descriptor %+v in %+v", r, list)
		}
		seen[r.FD] = true
	}
}
