package config

import (
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const resolveFile = `
listener "web" { address = "tcp://:8080" }
listener "other.one" { address = "unix:///run/o.sock" }
service "app" {
  command   = [%s]
  listeners = ["web"]
}
`

func resolveScope() Scope {
	return Scope{
		Listeners: map[string]ListenerValue{
			"web":       {FD: 7, Address: "tcp://[::]:8080", Port: 8080},
			"other.one": {FD: -1, Address: "unix:///run/o.sock", Path: "/run/o.sock"},
		},
		Service: "app", Generation: 3, Worker: 2, RuntimeDir: "/run/w", Environ: []string{"A=1", "A=2", "B=x=y", "=C", "EMPTY="}, CPUs: 8,
	}
}

func TestResolveExpressions(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`listener.web.fd`, "7"},
		{`"fd:${listener.web.fd}"`, "fd:7"},
		{`listener["web"].address`, "tcp://[::]:8080"},
		{`listener.web.host`, "::"},
		{`listener.web.port + 1`, "8081"},
		{`listener["other.one"].path`, "/run/o.sock"},
		{`listener[join(".", ["other", "one"])].address`, "unix:///run/o.sock"},
		{`service.name`, "app"},
		{`generation`, "3"},
		{`"${9000 + worker.index}"`, "9002"},
		{`worker.runtime_dir`, "/run/w"},
		{`try(env.A, "none")`, "2"},
		{`try(env.B, "none")`, "x=y"},
		{`try(env.EMPTY, "none")`, ""},
		{`try(env.MISSING, "none")`, "none"},
		{`try(env[upper("a")], "none")`, "2"},
		{`try(listener["other.one"].fd, "no fd")`, "no fd"},
		{`cpus`, "8"},
		{`cpus > 4 ? "big" : "small"`, "big"},
		{`"%{ if worker.index == 2 }two%{ else }other%{ endif }"`, "two"},
		{`join(" ", [for n in ["a", "b"] : "${n}${generation}"])`, "a3 b3"},
		{`true`, "true"},
		{`1.5`, "1.5"},
		{`""`, ""},
		{`"$${literal} %%{literal}"`, "${literal} %{literal}"},
		{`"grüße 日本"`, "grüße 日本"},
	}
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			c, err := Parse("app.hcl", []byte(strings.Replace(resolveFile, "%s", `"./app", `+test.expr, 1)), Host{System: "linux", Environ: resolveScope().Environ, CPUs: 1})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Service("app").Resolve(resolveScope())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"./app", test.want}, got.Command); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What only a worker has can still be wrong; the error is like those of Load.
func TestResolveErrors(t *testing.T) {
	tests := []struct {
		name, expr string
		change     func(*Scope)
		want       string
	}{
		{"an unset variable", `env.A`, func(s *Scope) { s.Environ = nil }, `the environment variable A is not set`},
		{"an index", `["a", "b", "c"][generation]`, func(*Scope) {}, "invalid index"},
		{"no descriptor", `listener.web.fd`, func(s *Scope) { s.Listeners["web"] = ListenerValue{FD: -1, Host: "::"} }, `does not get listener "web"`},
		{"no listener", `listener.web.fd`, func(s *Scope) { delete(s.Listeners, "web") }, `there is no listener "web"`},
		{"a NUL byte", `env.A`, func(s *Scope) { s.Environ = []string{"A=a\x00b"} }, "NUL byte"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Parse("app.hcl", []byte(strings.Replace(resolveFile, "%s", `"./app", `+test.expr, 1)), Host{System: "linux", Environ: []string{"A=1"}})
			if err != nil {
				t.Fatal(err)
			}
			scope := resolveScope()
			test.change(&scope)
			resolved, err := c.Service("app").Resolve(scope)
			if err == nil {
				t.Fatalf("there is no error, but %+v", resolved)
			}
			for _, part := range []string{"app.hcl:5: cannot ", test.want, "   5 |   command   = [", "^"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("no %q in\n%v", part, err)
				}
			}
		})
	}
}

// Several workers are resolved at once; under -race this shows that they share nothing.
func TestResolveConcurrently(t *testing.T) {
	c, err := parseFile(t, "testdata/good/service.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Service("app")
	want, err := s.Resolve(scope(c, s))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, err := s.Resolve(scope(c, s))
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
	all.Wait()
}

// A result belongs to the caller.
func TestResolvedIsAlone(t *testing.T) {
	c, err := parseFile(t, "testdata/good/service.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Service("app")
	first, err := s.Resolve(scope(c, s))
	if err != nil {
		t.Fatal(err)
	}
	environment := maps.Clone(first.Environment)
	first.Environment["GENERATION"], first.Command[0] = "changed", "changed"
	second, err := s.Resolve(scope(c, s))
	if err != nil {
		t.Fatal(err)
	}
	if second.Command[0] != "./app" || !maps.Equal(environment, second.Environment) {
		t.Errorf("%+v", second)
	}
}
