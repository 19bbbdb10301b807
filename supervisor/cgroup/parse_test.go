//go:build linux

package cgroup

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMembership(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"0::/\n", "/"},
		{"0::/system.slice/app.service\n", "/system.slice/app.service"},
		{"4:memory:/a\n1:name=systemd:/b\n0::/c\n", "/c"},
		{"0::/gone (deleted)\n", "/gone"},
		{"0::/a b\\n\n", "/a b\\n"},
		{"0::/../../above\n", "/../../above"},
		{"0::\n", ""}, {"", ""}, {"4:memory:/a\n", ""}, {"0::relative\n", ""}, {"00::/a\n", ""},
	} {
		got, err := parseMembership(tt.text)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%q: %q, %v", tt.text, got, err)
		}
	}
}

func TestParseMounts(t *testing.T) {
	text := strings.Join([]string{
		`25 30 0:23 / /proc rw,nosuid - proc proc rw`,
		`34 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate`,
		`35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`,
		`36 24 0:29 /a\040b /mnt/with\040blank\134 rw - cgroup2 none rw`,
		`37 24 0:29 /..`, ` - cgroup2`, `a b c d - cgroup2 x`, ``,
	}, "\n")
	want := []mount{{"/", "/sys/fs/cgroup"}, {"/a b", `/mnt/with blank\`}}
	if diff := cmp.Diff(want, parseMounts(text), cmp.AllowUnexported(mount{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMountFolder(t *testing.T) {
	for _, tt := range []struct {
		root, group, want string
		ok                bool
	}{
		{"/", "/", "/m", true}, {"/", "/a/b", "/m/a/b", true}, {"/a", "/a", "/m", true}, {"/a", "/a/b", "/m/b", true},
		{"/a", "/ab", "", false}, {"/a", "/", "", false}, {"/..", "/a", "", false},
	} {
		got, ok := mount{tt.root, "/m"}.folder(tt.group)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s in %s: %q, %v", tt.group, tt.root, got, ok)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		path, group string
		want        bool
	}{
		{"/a", "/a", true}, {"/a/b", "/a", true}, {"/ab", "/a", false}, {"/", "/a", false}, {"/a", "/", true}, {"", "/a", false},
	} {
		if got := Within(tt.path, tt.group); got != tt.want {
			t.Errorf("%q within %q: %v", tt.path, tt.group, got)
		}
	}
}

func TestEvents(t *testing.T) {
	text := "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n"
	for key, want := range map[string]uint64{"oom": 3, "oom_kill": 2, "low": 0, "none": 0, "oom_": 0} {
		if got := events(text, key); got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
	}
	for _, bad := range []string{"", "oom", "oom x", "oom -1", "oom 99999999999999999999999"} {
		_ = events(bad, "oom")
	}
}

func TestCandidates(t *testing.T) {
	for own, want := range map[string][]string{
		"/": {"/"}, "/a": {"/a", "/"}, "/a/supervise": {"/a", "/a/supervise"}, "/supervise": {"/", "/supervise"}, "/a/b": {"/a/b", "/a"},
	} {
		if got := candidates(own); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", own, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0::/a\n", `34 24 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw`, "populated 1\nfrozen 0\n", `\0`, `\04`, "0::/ (deleted)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseMembership(text); err == nil && !strings.HasPrefix(p, "/") {
			t.Errorf("path %q", p)
		}
		for _, m := range parseMounts(text) {
			_, _ = m.folder("/a/b")
		}
		_ = events(text, "populated")
	})
}
