package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

var update = flag.Bool("update", false, "write the golden files")

// ask gives an answer as text: its status and its lines.
func ask(s *Server, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://supervise/", strings.NewReader(body))
	r.Method = method
	if u, err := r.URL.Parse(target); err == nil {
		r.URL = u
	}
	gone, cancel := context.WithCancel(r.Context())
	cancel() // what follows would wait for more
	r = r.WithContext(withUs(gone))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	requests := []struct{ method, target, body string }{
		{"GET", "/v1/version", ""},
		{"GET", "/v1/status", ""},
		{"GET", "/v1/status?service=app&service=app", ""},
		{"GET", "/v1/status?brief=1", ""},
		{"GET", "/v1/status?brief=very", ""},
		{"GET", "/v1/status?service=web", ""},
		{"GET", "/v1/status?servise=app", ""},
		{"GET", "/v1/events", ""},
		{"GET", "/v1/events?follow=maybe", ""},
		{"GET", "/v1/logs", ""},
		{"GET", "/v1/logs?service=app&lines=5", ""},
		{"GET", "/v1/logs?service=nope", ""},
		{"GET", "/v1/logs?lines=-1", ""},
		{"GET", "/v1/logs?lines=1&lines=2", ""},
		{"GET", "/v1/logs?%zz", ""},
		{"POST", "/v1/services/app/restart", ""},
		{"POST", "/v1/services/app/restart", "{}"},
		{"POST", "/v1/services/app/restart?now=1", ""},
		{"POST", "/v1/services/app/restart", `{"now":true}`},
		{"POST", "/v1/services/ap/restart", ""},
		{"POST", "/v1/services/a%2Fb/restart", ""},
		{"POST", "/v1/services//restart", ""},
		{"POST", "/v1/services/app/start", " "},
		{"POST", "/v1/services/app/stop", ""},
		{"POST", "/v1/services/app/scale", `{"workers":4}`},
		{"POST", "/v1/services/app/scale", `{"workers":"4"}`},
		{"POST", "/v1/services/app/scale", `{"workers":-1}`},
		{"POST", "/v1/services/app/scale", `{"workers":1e9}`},
		{"POST", "/v1/services/app/scale", `{"workers":1} {"workers":2}`},
		{"POST", "/v1/services/app/scale", `{"workers":1`},
		{"POST", "/v1/services/app/scale", ""},
		{"POST", "/v1/services/app/signal", `{"signal":"SIGUSR1"}`},
		{"POST", "/v1/services/app/signal", `{}`},
		{"POST", "/v1/listeners/web/hold", ""},
		{"POST", "/v1/listeners/web/release", ""},
		{"POST", "/v1/listeners/wep/hold", ""},
		{"POST", "/v1/reload", ""},
		{"GET", "/v1/reload", ""},
		{"HEAD", "/v1/status", ""},
		{"GET", "/", ""},
		{"GET", "/v1/status/", ""},
		{"GET", "/v1//status", ""},
		{"POST", "/v1/services/app/explode", ""},
	}
	f := &fake{
		events: []supervisor.Event{{Kind: "reload", Message: "one"}, {Kind: "reload", Message: "two"}},
		lines:  []output.Line{{Service: "app", Generation: 1, Text: "hello"}},
	}
	s := NewServer(Options{Backend: f, Version: "v1", GID: -1})
	var got strings.Builder
	for _, r := range requests {
		w := ask(s, r.method, r.target, r.body)
		fmt.Fprintf(&got, "%s %s %s\n", r.method, r.target, r.body)
		fmt.Fprintf(&got, "%d %s", w.Code, w.Header().Get("Content-Type"))
		if a := w.Header().Get("Allow"); a != "" {
			fmt.Fprintf(&got, ", allowed: %s", a)
		}
		fmt.Fprintf(&got, "\n%s\n", w.Body)
	}
	golden(t, "answers.txt", got.String())
}

func TestFailures(t *testing.T) {
	rollout := &supervisor.RolloutError{Service: "app", Generation: 3, Kept: 2, Reason: "worker 0 exited with status 3", Output: []string{"boom"}}
	cases := map[string]struct {
		err  error
		code int
		want string
	}{
		"rolled back": {rollout, CodeFailed, "generation 2 goes on"},
		"wrapped":     {fmt.Errorf("reload: %w", rollout), CodeFailed, "reload: cannot roll out"},
		"listener":    {&fdpass.OpenError{Name: "web", Op: "bind", Cause: "in use"}, CodeUnbound, `cannot bind listener "web"`},
		"plain":       {errors.New("busy"), CodeFailed, "busy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := failure(c.err)
			if r.OK || r.Code != c.code || !strings.Contains(r.Error, c.want) {
				t.Errorf("failure(%v) = %+v", c.err, r)
			}
			if strings.Contains(name, "rolled") && (len(r.Output) != 1 || r.Output[0] != "boom") {
				t.Errorf("output is %q", r.Output)
			}
		})
	}
}

func TestBodyTooLong(t *testing.T) {
	s := NewServer(Options{Backend: &fake{}, GID: -1})
	w := ask(s, "POST", "/v1/services/app/scale", `{"workers":1`+strings.Repeat(" ", maxBody)+`}`)
	if w.Code != http.StatusRequestEntityTooLarge || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path, name string
		ok                  bool
	}{
		{"/v1/reload", "/v1/reload", "", true},
		{"/v1/reload", "/v1/reload/", "", false},
		{"/v1/services/{name}/stop", "/v1/services/a%20b/stop", "a b", true},
		{"/v1/services/{name}/stop", "/v1/services/a/b/stop", "", false},
		{"/v1/services/{name}/stop", "/v1/services//stop", "", false},
		{"/v1/services/{name}/stop", "/v1/services/a/start", "", false},
	} {
		if name, ok := match(c.pattern, c.path); ok != c.ok || ok && name != c.name {
			t.Errorf("match(%q, %q) = %q, %v", c.pattern, c.path, name, ok)
		}
	}
}

// golden compares with testdata/name; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s differs (go test -update writes it), got:\n%s", path, got)
	}
}
