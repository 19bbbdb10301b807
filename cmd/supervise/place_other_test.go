//go:build !windows

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// somebody is a person with these variables.
func somebody(uid int, system string, vars map[string]string) person {
	return person{uid: uid, temp: "/tmp", system: system, getenv: func(name string) string { return vars[name] }}
}

func TestDefaultSocket(t *testing.T) {
	login := map[string]string{"XDG_RUNTIME_DIR": "/run/user/1000"}
	for _, c := range []struct {
		who        person
		name, want string
	}{
		{somebody(0, system, login), "app.hcl", "/run/supervise/app.sock"},
		{somebody(1000, system, login), "/srv/app.hcl", "/run/user/1000/supervise/app.sock"},
		{somebody(1000, system, nil), "app.hcl.json", "/tmp/supervise-1000/app.sock"},
		{somebody(1000, system, map[string]string{"XDG_RUNTIME_DIR": "relative"}), "app.json", "/tmp/supervise-1000/app.sock"},
		{somebody(0, system, nil), "my.app", "/run/supervise/my.app.sock"},
		{somebody(0, system, nil), ".hcl", "/run/supervise/.hcl.sock"},
	} {
		if got := c.who.defaultSocket(c.name); got != c.want {
			t.Errorf("of %q for %d: %q, want %q", c.name, c.who.uid, got, c.want)
		}
	}
	if a, b := somebody(0, system, nil).folderMode(), somebody(1, system, nil).folderMode(); a != 0o755 || b != 0o700 {
		t.Errorf("modes %v and %v", a, b)
	}
}

func TestSocketPath(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"/a/b.sock":         "/a/b.sock",
		"unix:///a/b.sock":  "/a/b.sock",
		"b.sock":            filepath.Join(here, "b.sock"),
		"tcp://127.0.0.1:1": "",
		"unix://@name":      "",
		"@name":             "",
		"http://x":          "",
	} {
		got, err := socketPath(address)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("socketPath(%q) = %q, %v", address, got, err)
		}
	}
}

func TestRuntimeDirIsBesideNothing(t *testing.T) {
	for socket, want := range map[string]string{"/srv/app.sock": "/srv/app.run", "/srv/app": "/srv/app.run"} {
		if got := runtimeDir(socket); got != want {
			t.Errorf("runtimeDir(%q) = %q", socket, got)
		}
	}
}

func TestOnlySocket(t *testing.T) {
	own, shared := t.TempDir(), t.TempDir()
	who := somebody(1000, shared, map[string]string{"XDG_RUNTIME_DIR": own})
	listen := func(folder, name string) string {
		path := filepath.Join(folder, name)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return path
	}
	if _, err := onlySocket(who); err == nil || !strings.Contains(err.Error(), "cannot find a running supervise") {
		t.Errorf("none: %v", err)
	}
	if err := os.WriteFile(filepath.Join(shared, "stale.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first := listen(shared, "a.sock")
	if got, err := onlySocket(who); got != first || err != nil {
		t.Errorf("one: %q, %v", got, err)
	}
	if err := os.Mkdir(filepath.Join(own, "supervise"), 0o700); err != nil {
		t.Fatal(err)
	}
	second := listen(filepath.Join(own, "supervise"), "b.sock")
	_, err := onlySocket(who)
	code, text, _ := verdict(err)
	if code != codeNobody || !strings.Contains(text, first) || !strings.Contains(text, second) {
		t.Errorf("two: %d %s", code, text)
	}
}
