package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// alice is a user whose files are in folders of a test.
func alice(t *testing.T) person {
	t.Helper()
	dir := t.TempDir()
	return person{sid: "S-1-5-21-1-2-3-1001", name: "alice", local: filepath.Join(dir, "Local"), system: filepath.Join(dir, "ProgramData", "supervise")}
}

func TestDefaultSocket(t *testing.T) {
	user := alice(t)
	service := user
	service.sid = systemSID
	for _, c := range []struct {
		who        person
		name, want string
	}{
		{user, `C:\srv\app.hcl`, `\\.\pipe\supervise-alice-app`},
		{user, "app.hcl.json", `\\.\pipe\supervise-alice-app`},
		{user, "app.exe", `\\.\pipe\supervise-alice-app.exe`},
		{service, `.\my.app`, `\\.\pipe\supervise-my.app`},
		{service, ".hcl", `\\.\pipe\supervise-.hcl`},
	} {
		if got := c.who.defaultSocket(c.name); got != c.want {
			t.Errorf("of %q for %s: %q, want %q", c.name, c.who.sid, got, c.want)
		}
	}
	if user.folder() != filepath.Join(user.local, "supervise") || service.folder() != user.system {
		t.Errorf("folders %s and %s", user.folder(), service.folder())
	}
}

func TestSelf(t *testing.T) {
	t.Setenv("LOCALAPPDATA", "relative")
	t.Setenv("ProgramData", "")
	who := self()
	if !strings.HasPrefix(who.sid, "S-1-") || who.name == "" || strings.Contains(who.name, `\`) || !filepath.IsAbs(who.local) || who.system != `C:\ProgramData\supervise` {
		t.Errorf("got %+v", who)
	}
}

func TestSocketPath(t *testing.T) {
	for address, want := range map[string]string{
		"pipe://web":        `\\.\pipe\web`,
		`\\.\pipe\web`:      `\\.\pipe\web`,
		`\\.\PIPE\web`:      `\\.\PIPE\web`,
		`\\.\pipe\web\api`:  "",
		"pipe://web/api":    "",
		"web":               "",
		`C:\run\web.sock`:   "",
		"unix:///run/web":   "",
		"tcp://127.0.0.1:1": "",
		"http://x":          "",
		"":                  "",
	} {
		got, err := socketPath(address)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("socketPath(%q) = %q, %v", address, got, err)
		}
	}
	if _, err := socketPath("unix:///run/web"); err == nil || !strings.HasSuffix(err.Error(), `it is a named pipe, pipe://NAME or \\.\pipe\NAME`) {
		t.Errorf("got %v", err)
	}
}

// TestStem: every name of a pipe has one of a file, and no two the same.
func TestStem(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"app", "my app", "my+app", "a:b", "a*b", "ä", "con/..", strings.Repeat("x", 200), strings.Repeat("ö", 247)} {
		s := stem(pipe.Path(name))
		if other := seen[s]; other != "" || len(s) > longestStem || strings.ContainsAny(s, `\/:*?"<>| `) {
			t.Errorf("%q: %q, as %q", name, s, other)
		}
		seen[s] = name
	}
	if stem(pipe.Path("App")) != stem(`\\.\PIPE\app`) {
		t.Error("one pipe has two stems")
	}
	if got, want := runtimeDir(pipe.Path("app")), filepath.Join(self().folder(), "app.run"); got != want {
		t.Errorf("runtime folder %s", got)
	}
}

func TestOnlySocket(t *testing.T) {
	who := alice(t)
	note := func(folder, name, text string) {
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	listen := func(folder string) string {
		l, err := pipe.Listen(pipe.Random("supervise-test-"), pipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		note(folder, stem(l.Addr().String())+noteSuffix, l.Addr().String())
		return l.Addr().String()
	}
	_, err := onlySocket(who)
	if code, text, _ := verdict(err); code != codeNobody || !strings.HasPrefix(text, "cannot find a running supervise: nobody answers in "+who.folder()+" or "+who.system) {
		t.Errorf("none: %d %s", code, text)
	}
	note(who.folder(), "stale.pipe", pipe.Random("supervise-test-gone-"))
	note(who.folder(), "garbage.pipe", "hello\n")
	note(who.folder(), "elsewhere.pipe", `\\other\pipe\web`)
	first := listen(who.system)
	if got, err := onlySocket(who); got != first || err != nil {
		t.Errorf("one: %q, %v", got, err)
	}
	second := listen(who.folder())
	_, err = onlySocket(who)
	if code, text, _ := verdict(err); code != codeNobody || !strings.Contains(text, first) || !strings.Contains(text, second) {
		t.Errorf("two: %d %s", code, text)
	}
}

func TestSocketFor(t *testing.T) {
	file := &config.Config{Path: "x/web.hcl"}
	own := &config.Config{Path: "x/web.hcl", Control: config.Control{Address: config.Address{Network: "pipe", Path: "mine"}}}
	command := &config.Config{Services: []*config.Service{{Name: "app"}}}
	for _, c := range []struct {
		flag string
		cfg  *config.Config
		want string
		code int
	}{
		{"", file, self().defaultSocket("web.hcl"), 0},
		{"", command, self().defaultSocket("app"), 0},
		{"", own, `\\.\pipe\mine`, 0},
		{"pipe://yours", own, `\\.\pipe\yours`, 0},
		{"tcp://127.0.0.1:1", file, "", codeUsage},
	} {
		got, err := (&app{control: c.flag}).socketFor(c.cfg)
		code := 0
		if err != nil {
			code, _, _ = verdict(err)
		}
		if got != c.want || code != c.code {
			t.Errorf("%q: %q, %v", c.flag, got, err)
		}
	}
}
