package main

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		text string
	}{
		"plain":      {errors.New("no"), codeFailed, "no"},
		"said":       {&exitError{code: codeFailed}, codeFailed, ""},
		"invalid":    {&config.Error{Problems: []config.Problem{{Text: "bad"}}}, codeConfig, "bad"},
		"unbound":    {fmt.Errorf("x: %w", &fdpass.OpenError{Name: "web", Op: "bind", Cause: "taken"}), codeUnbound, "taken"},
		"nobody":     {&control.UnreachableError{Path: "/s", Err: fs.ErrNotExist}, codeNobody, "is it running"},
		"stale":      {&control.UnreachableError{Path: "/s", Err: syscall.ECONNREFUSED}, codeNobody, "nobody listens"},
		"no entry":   {&control.UnreachableError{Path: "/s", Err: fs.ErrPermission}, codeFailed, "permission denied"},
		"remote":     {&control.Error{Result: control.Result{Error: "rolled back", Code: codeFailed, Output: []string{"a", "b"}}}, codeFailed, "  | a\n  | b"},
		"remote odd": {&control.Error{Result: control.Result{Error: "?"}}, codeFailed, "?"},
		"unknown":    {&control.Error{Result: control.Result{Code: codeUsage, Kind: "service", Name: "ap", Known: []string{"app"}}}, codeUsage, `did you mean "app"?`},
	} {
		t.Run(name, func(t *testing.T) {
			code, text, _ := verdict(c.err)
			if code != c.code || !strings.Contains(text, c.text) {
				t.Errorf("%d %q", code, text)
			}
		})
	}
}

func TestHintName(t *testing.T) {
	for _, c := range []struct {
		name  string
		known []string
		want  string
	}{
		{"ap", []string{"db", "app"}, ` (did you mean "app"?)`},
		{"WEB", []string{"web"}, ` (did you mean "web"?)`},
		{"zebra", []string{"db", "app"}, ` (there are: db, app)`},
		{"x", nil, ` (there are no services)`},
		{strings.Repeat("x", 5000), []string{"a"}, ` (there are: a)`},
		{"q", slices.Repeat([]string{"longname"}, 30), " (there are: " + strings.Repeat("longname, ", 20) + "...)"},
	} {
		if got := hintName("service", c.name, c.known); got != c.want {
			t.Errorf("for %.20q: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestOptionsHaveTheirNames compares with the attributes of the language.
func TestOptionsHaveTheirNames(t *testing.T) {
	var names []string
	options := reflect.TypeOf(config.Options{})
	for i := range options.NumField() {
		names = append(names, attributeName(options.Field(i).Name))
	}
	want := strings.Fields(`ipv6_only reuse_port free_bind transparent bind_device mark keepalive keepalive_idle keepalive_interval
		keepalive_count no_delay defer_accept fast_open user_timeout congestion multipath receive_buffer send_buffer tos ttl priority
		pass_credentials broadcast pipe_size`)
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestOptionTexts(t *testing.T) {
	yes, no, tos := true, false, 4
	l := &config.Listener{Mode: 0o660, Group: "www", Options: config.Options{NoDelay: &yes, KeepAlive: &no, TOS: &tos, DeferAccept: 5e9}}
	want := map[string]string{"no_delay": "true", "keepalive": "false", "tos": "4", "defer_accept": "5s", "mode": "0660", "group": "www"}
	if d := cmp.Diff(want, optionTexts(l)); d != "" {
		t.Error(d)
	}
}

func TestWithoutOuter(t *testing.T) {
	in := []string{"PATH=/bin", "NOTIFY_SOCKET=/x", "LISTEN_FDS=1", "LISTEN_FDNAMES=a", "LISTEN_PID=1", "WATCHDOG_USEC=1", "WATCHDOG_PID=1", "LISTEN_ADDRESS=mine"}
	if d := cmp.Diff([]string{"PATH=/bin", "LISTEN_ADDRESS=mine"}, withoutOuter(in)); d != "" {
		t.Error(d)
	}
	if kept := len(withoutOuter([]string{"STOP_EVENT=x"})) == 1; kept != (runtime.GOOS != "windows") {
		t.Error("STOP_EVENT means something on Windows, and there alone: kept", kept)
	}
	if len(in) != 8 || in[1] != "NOTIFY_SOCKET=/x" {
		t.Error("the caller's list was changed")
	}
}
