package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seed-da40d5ac/supervise/"

// arrow is what a package may import.
type arrow struct {
	ours   []string // of this module
	others []string // modules of others; nil: any
}

// arrows are those of every package. One that is not listed fails the test.
var arrows = map[string]arrow{
	"config":                             {nil, nil},
	"fdpass":                             {nil, []string{"golang.org/x/sys"}},
	"fdpass/diag":                        {nil, []string{"golang.org/x/sys"}},
	"fdpass/dialect":                     {nil, []string{}},
	"fdpass/steer":                       {[]string{"fdpass"}, []string{"golang.org/x/sys", "golang.org/x/net/bpf", "github.com/cilium/ebpf"}},
	"fdpass/wire":                        {[]string{"fdpass"}, []string{}},
	"fdpass/worker":                      {[]string{"fdpass", "fdpass/dialect", "fdpass/wire"}, []string{"golang.org/x/sys"}},
	"supervisor/stage":                   {[]string{"supervisor/adopt"}, []string{"golang.org/x/sys"}},
	"supervisor/cgroup":                  {nil, []string{"golang.org/x/sys"}},
	"supervisor/cgroup/cgrouptest":       {nil, []string{"golang.org/x/sys"}},
	"supervisor/proctree":                {[]string{"supervisor/cgroup"}, []string{"golang.org/x/sys"}},
	"supervisor/channel":                 {[]string{"fdpass", "fdpass/dialect", "supervisor/pipe"}, []string{"golang.org/x/sys"}},
	"supervisor/notify":                  {[]string{"fdpass", "supervisor/pipe"}, []string{"golang.org/x/sys"}},
	"supervisor/pipe":                    {nil, []string{"golang.org/x/sys"}},
	"supervisor/output":                  {nil, []string{"golang.org/x/sys"}},
	"supervisor/doctor":                  {[]string{"config", "fdpass", "fdpass/steer", "supervisor/adopt", "supervisor/cgroup", "supervisor/pipe"}, []string{"golang.org/x/sys"}},
	"supervisor/drill":                   {nil, []string{"golang.org/x/sys"}},
	"supervisor/adopt/testdata/static":   {nil, []string{}},
	"supervisor/keeper":                  {[]string{"fdpass", "supervisor/cgroup", "supervisor/stage", "supervisor/proctree"}, []string{"golang.org/x/sys"}},
	"supervisor/adopt":                   {[]string{"fdpass", "fdpass/diag"}, []string{"golang.org/x/sys"}},
	"supervisor/account":                 {nil, []string{}},
	"supervisor/registry":                {[]string{"config", "fdpass", "fdpass/diag", "fdpass/steer", "fdpass/wire", "supervisor/account"}, nil},
	"supervisor/broker":                  {[]string{"config", "fdpass", "fdpass/wire", "supervisor/account"}, nil},
	"supervisor":                         {[]string{"config", "fdpass", "fdpass/diag", "fdpass/dialect", "fdpass/steer", "fdpass/wire", "supervisor/adopt", "supervisor/broker", "supervisor/cgroup", "supervisor/channel", "supervisor/keeper", "supervisor/notify", "supervisor/output", "supervisor/proctree", "supervisor/registry", "supervisor/stage"}, nil},
	"supervisor/chaos":                   {nil, []string{}},
	"supervisor/control":                 {[]string{"config", "fdpass", "supervisor", "supervisor/output", "supervisor/pipe"}, nil},
	"examples":                           {nil, nil},
	"examples/container/testdata/orphan": {nil, nil},
	"examples/hello":                     {[]string{"fdpass/worker"}, nil},
	"examples/legacy":                    {nil, []string{}},
	"examples/legacy/go":                 {nil, []string{}},
	"examples/servers":                   {[]string{"supervisor", "supervisor/control", "supervisor/drill"}, []string{}},
	"cmd/supervise/internal/view":        {[]string{"config", "supervisor", "supervisor/doctor", "supervisor/drill", "supervisor/output"}, nil},
	"cmd/supervise":                      {[]string{"cmd/supervise/internal/view", "config", "fdpass", "fdpass/dialect", "supervisor", "supervisor/control", "supervisor/doctor", "supervisor/drill", "supervisor/keeper", "supervisor/output", "supervisor/pipe", "supervisor/stage"}, nil},
}

// TestImports keeps the arrows between packages as they are meant to be, for every system's files.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && file != root && isModule(file) {
			return fs.SkipDir // it has a go.mod of its own to say what it needs
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		relative, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		checkImports(t, filepath.ToSlash(relative), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func checkImports(t *testing.T, pkg, file string) {
	t.Helper()
	allowed, listed := arrows[pkg]
	if !listed {
		t.Errorf("%s: package %s has no arrows: say in this test what it may import", file, pkg)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !allowed.holds(name) {
			t.Errorf("%s imports %s", file, name)
		}
	}
}

// holds is whether an import is allowed. The standard library always is: its names have no domain.
func (a arrow) holds(name string) bool {
	if ours, ok := strings.CutPrefix(name, module); ok {
		return slices.Contains(a.ours, ours)
	}
	domain, _, _ := strings.Cut(name, "/")
	return !strings.Contains(domain, ".") || a.others == nil ||
		slices.ContainsFunc(a.others, func(o string) bool { return strings.HasPrefix(name+"/", o+"/") })
}
