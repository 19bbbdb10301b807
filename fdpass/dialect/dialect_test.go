package dialect

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tcp(name, host string, port int) Socket {
	return Socket{Name: name, Network: "tcp", Host: host, Port: port}
}

func unixAt(name, path string) Socket { return Socket{Name: name, Network: "unix", Path: path} }

// combineCase is one call of Combine.
type combineCase struct {
	name     string
	dialects []string
	in       Input
	want     Plan
	wantErr  string
}

func runCases(t *testing.T, cases []combineCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Combine(c.dialects, c.in)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != c.wantErr {
				t.Fatalf("error %q, want %q", text, c.wantErr)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func runOwns(t *testing.T, d dialect, keys map[string]bool) {
	t.Helper()
	for key, want := range keys {
		if got := d.owns(key); got != want {
			t.Errorf("%s owns %s: %v, want %v", d.name, key, got, want)
		}
		if want && !Owns(key) {
			t.Errorf("Owns(%s) is false", key)
		}
	}
}

func TestCombine(t *testing.T) {
	one := Input{Sockets: []Socket{tcp("web", "127.0.0.1", 80)}, Worker: 2, Generation: 5}
	runCases(t, []combineCase{{
		name:     "the default set shares its numbers",
		dialects: []string{"systemd", "einhorn", "server-starter"},
		in:       one,
		want: Plan{
			Numbers: []Number{{3, 0}},
			Env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web",
				"EINHORN_FD_COUNT=1", "EINHORN_FD_0=3", "EINHORN_CHILD_INDEX=2", "EINHORN_FDS=3",
				"SERVER_STARTER_PORT=127.0.0.1:80=3", "SERVER_STARTER_GENERATION=5"},
			OwnPID:    []string{"LISTEN_PID"},
			ParentPID: []string{"EINHORN_MASTER_PID"},
		},
	}, {
		name: "no dialect: only numbers",
		in:   Input{Sockets: []Socket{tcp("a", "", 1), tcp("b", "", 2)}},
		want: Plan{Numbers: []Number{{3, 0}, {4, 1}}},
	}, {
		name:     "the default set without sockets says nothing",
		dialects: []string{"systemd", "einhorn", "server-starter"},
		in:       Input{Worker: 1, Generation: 1},
	}, {
		name:     "unknown",
		dialects: []string{"systemd", "upstart"},
		in:       one,
		wantErr:  `cannot hand over sockets by "upstart": no such dialect (known: systemd, einhorn, server-starter, stdin)`,
	}, {
		name:     "twice",
		dialects: []string{"systemd", "einhorn", "systemd"},
		in:       one,
		wantErr:  `cannot hand over sockets by "systemd": the dialect is listed twice`,
	}})
}

// TestClash uses conventions that do not exist yet: one that wants its sockets where others have theirs.
func TestClash(t *testing.T) {
	l := newLayout(Input{Sockets: []Socket{tcp("a", "", 1), tcp("b", "", 2)}})
	if err := l.add(systemd()); err != nil {
		t.Fatal(err)
	}
	backwards := dialect{name: "backwards", fds: func(n int) ([]int, error) { return []int{4, 3}, nil }}
	err := l.add(backwards)
	if err == nil || !strings.Contains(err.Error(), `wants listener "b" at descriptor 4`) {
		t.Errorf("error %v, want one about descriptor 4", err)
	}
	mute := dialect{name: "mute", tell: func(Input, []int) (words, error) { return words{}, errors.New("broken") }}
	if err := l.add(mute); err == nil {
		t.Error("an error of tell is lost")
	}
}

func TestFD(t *testing.T) {
	p := Plan{Numbers: []Number{{0, 0}, {3, 0}, {4, 1}}}
	for socket, want := range []int{3, 4, -1} {
		if got := FD(p, socket); got != want {
			t.Errorf("FD(socket %d) = %d, want %d", socket, got, want)
		}
	}
	if got := FD(Plan{Numbers: []Number{{0, 0}}}, 0); got != 0 {
		t.Errorf("FD by stdin = %d, want 0", got)
	}
}

// TestTable checks what every convention has to keep.
func TestTable(t *testing.T) {
	want := []string{"systemd", "einhorn", "server-starter", "stdin"}
	if diff := cmp.Diff(want, Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	in := Input{Sockets: []Socket{tcp("web", "", 80)}, Generation: 1}
	for _, name := range Names() {
		p, err := Combine([]string{name}, in)
		if !Supported(name) || err != nil {
			t.Errorf("%s: supported %v, error %v", name, Supported(name), err)
		}
		for _, key := range append(keysOf(p.Env), slices.Concat(p.OwnPID, p.ParentPID)...) {
			if !Owns(key) {
				t.Errorf("%s sets %s but does not own it: a worker's children would inherit it", name, key)
			}
		}
		if again, _ := Combine([]string{name}, in); !cmp.Equal(p, again) {
			t.Errorf("%s: two calls differ", name)
		}
	}
	if Supported("nope") || Owns("PATH") || Owns("NOTIFY_SOCKET") {
		t.Error("something is supported or owned that is not")
	}
}

func keysOf(env []string) []string {
	var keys []string
	for _, kv := range env {
		key, _, _ := strings.Cut(kv, "=")
		keys = append(keys, key)
	}
	return keys
}
