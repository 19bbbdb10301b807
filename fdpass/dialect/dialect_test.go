package dialect

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
			if diff := diffPlans(c.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// diffPlans compares all of two plans but the functions.
func diffPlans(a, b Plan) string { return cmp.Diff(a, b, cmpopts.IgnoreFields(Channel{}, "Said")) }

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
			OwnPID:     []string{"LISTEN_PID"},
			OwnPIDFDID: []string{"LISTEN_PIDFDID"},
			ParentPID:  []string{"EINHORN_MASTER_PID"},
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
		dialects: []string{"systemd", "launchd"},
		in:       one,
		wantErr: `cannot hand over sockets by "launchd": no such dialect (known: systemd, einhorn, server-starter, nginx, angie, ` +
			`php-fpm, unicorn, puma, gunicorn, nghttpx, tableflip, overseer, endless, grace, goagain, upstart, circus, stdin, none, ` +
			`handles, haproxy, zerg, s6-fdholder, multibinder, systemfd, adopt)`,
	}, {
		name:     "none beside another",
		dialects: []string{"systemd", "none"},
		in:       one,
		wantErr:  `cannot hand over sockets by "none": it says nothing, and other dialects are listed beside it (leave it out)`,
	}, {
		name:     "twice",
		dialects: []string{"systemd", "einhorn", "systemd"},
		in:       one,
		wantErr:  `cannot hand over sockets by "systemd": the dialect is listed twice`,
	}})
}

// TestClash lists conventions that cannot be had together.
func TestClash(t *testing.T) {
	two := Input{Sockets: []Socket{tcp("a", "", 1), tcp("b", "", 2)}}
	stored := Input{Sockets: two.Sockets, Stored: []string{"cache"}}
	runCases(t, []combineCase{{
		name:     "a socket where a pipe is",
		dialects: []string{"tableflip", "systemd"},
		in:       two,
		wantErr:  `cannot hand over sockets by "systemd": it wants listener "a" at descriptor 3, where "tableflip" has a pipe (use one of the two)`,
	}, {
		name:     "a pipe where a socket is",
		dialects: []string{"systemd", "tableflip"},
		in:       Input{Sockets: two.Sockets[:1]},
		wantErr:  `cannot hand over sockets by "tableflip": it wants a pipe at descriptor 3, where "systemd" has listener "a" (use one of the two)`,
	}, {
		name:     "a socket where another one is",
		dialects: []string{"systemd", "tableflip"},
		in:       Input{Sockets: []Socket{two.Sockets[0], two.Sockets[1], tcp("c", "", 3)}},
		wantErr:  `cannot hand over sockets by "tableflip": it wants listener "a" at descriptor 5, where "systemd" has listener "c" (use one of the two)`,
	}, {
		name:     "two values of one variable",
		dialects: []string{"systemd", "grace"},
		in:       stored,
		wantErr:  `cannot hand over sockets by "grace": it sets LISTEN_FDS to "2", which "systemd" sets to "3" (use one of the two)`,
	}, {
		name:     "two signals of one parent",
		dialects: []string{"grace", "nghttpx"},
		in:       two,
		wantErr:  `cannot hand over sockets by "nghttpx": it says that it is ready by quit, another dialect by terminated (use one of the two)`,
	}, {
		name:     "stored descriptors that nobody mentions",
		dialects: []string{"einhorn", "nginx"},
		in:       stored,
		wantErr:  `cannot hand over 1 stored descriptors: einhorn, nginx cannot express them (add "systemd" to handoff, or set fd_store to 0)`,
	}, {
		name:     "one parent does for two",
		dialects: []string{"endless", "grace", "overseer"},
		in:       two,
		want: Plan{
			Numbers: []Number{{3, 0}, {4, 1}},
			Env:     []string{"ENDLESS_CONTINUE=1", "LISTEN_FDS=2", "OVERSEER_IS_SLAVE=1", "OVERSEER_NUM_FDS=2", "OVERSEER_SLAVE_ID=0"},
			Parent:  &Parent{Ready: syscall.SIGTERM, Stay: true},
		},
	}})
	l := newLayout(two)
	mute := dialect{name: "mute", tell: func(Input, []int) (words, error) { return words{}, errors.New("broken") }}
	if err := l.add(mute); err == nil {
		t.Error("an error of tell is lost")
	}
}

func TestFD(t *testing.T) {
	p := Plan{Numbers: []Number{{0, 0}, {3, 0}, {4, 1}, {5, 0}}}
	for socket, want := range []int{3, 4, -1} {
		if got := FD(p, socket); got != want {
			t.Errorf("FD(socket %d) = %d, want %d", socket, got, want)
		}
	}
	if got := FD(Plan{Numbers: []Number{{0, 0}}}, 0); got != 0 {
		t.Errorf("FD by stdin = %d, want 0", got)
	}
}

func TestFree(t *testing.T) {
	for _, c := range []struct {
		plan Plan
		want int
	}{
		{Plan{}, 3},
		{Plan{Numbers: []Number{{0, 0}}}, 3},
		{Plan{Numbers: []Number{{3, 0}, {4, 1}}}, 5},
		{Plan{Numbers: []Number{{3, 0}}, StoredFDs: []int{4, 5}}, 6},
		{Plan{Channels: []Channel{{FD: 3}, {FD: 4}}}, 5},
	} {
		if got := Free(c.plan); got != c.want {
			t.Errorf("Free(%+v) = %d, want %d", c.plan, got, c.want)
		}
	}
}

// TestTable checks what every convention has to keep.
func TestTable(t *testing.T) {
	want := []string{"systemd", "einhorn", "server-starter", "nginx", "angie", "php-fpm", "unicorn", "puma", "gunicorn", "nghttpx",
		"tableflip", "overseer", "endless", "grace", "goagain", "upstart", "circus", "stdin", "none", "handles",
		"haproxy", "zerg", "s6-fdholder", "multibinder", "systemfd", "adopt"}
	if diff := cmp.Diff(want, Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	in := Input{Sockets: []Socket{tcp("web", "", 80)}, Generation: 1, RuntimeDir: "/run/w", Command: []string{"/app"}}
	for _, name := range Names() {
		p, err := Combine([]string{name}, in)
		if !Supported(name) || err != nil {
			t.Errorf("%s: supported %v, error %v", name, Supported(name), err)
		}
		for _, key := range append(keysOf(p.Env), slices.Concat(p.OwnPID, p.ParentPID, p.OwnPIDFDID, p.ParentPIDPrefixed)...) {
			if !Owns(key) {
				t.Errorf("%s sets %s but does not own it: a worker's children would inherit it", name, key)
			}
		}
		if again, _ := Combine([]string{name}, in); diffPlans(p, again) != "" {
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

// TestDocTable keeps the table of doc.go complete and in order.
func TestDocTable(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "//\tdialect ")
	var rows []string
	for _, line := range strings.Split(table, "\n")[1:] {
		row, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			break
		}
		rows = append(rows, strings.Fields(row)[0])
	}
	if diff := cmp.Diff(Names(), rows); diff != "" {
		t.Errorf("rows of doc.go (-table +doc):\n%s", diff)
	}
}
