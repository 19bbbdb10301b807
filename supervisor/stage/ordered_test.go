package stage

import (
	"slices"
	"strings"
	"testing"
)

func TestOrdered(t *testing.T) {
	tests := []struct {
		env, want []string
		root      string
	}{
		{nil, []string{}, ""},
		{nil, []string{`SYSTEMROOT=C:\Windows`}, `C:\Windows`},
		{[]string{`SystemRoot=D:\win`}, []string{`SystemRoot=D:\win`}, `C:\Windows`},
		{[]string{"b=1", "A=2", "a_=3", "B=4", "c==5"}, []string{"A=2", "a_=3", "B=4", "c==5"}, ""},
		{[]string{"Path=1", "PATH=2", "path="}, []string{"path="}, ""},
	}
	for _, tt := range tests {
		if got := ordered(tt.env, tt.root); !slices.Equal(got, tt.want) {
			t.Errorf("%q with %q: %q, want %q", tt.env, tt.root, got, tt.want)
		}
	}
}

func TestValue(t *testing.T) {
	env := []string{"PathExt=.EXE", "Path=a=b"}
	for name, want := range map[string]string{"PATH": "a=b", "Path": "a=b", "PATHEXT": ".EXE"} {
		if got, ok := value(env, name); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got, ok := value(env, "PAT"); ok {
		t.Errorf("PAT is %q", got)
	}
}

// In order, no name twice, and nothing is lost but what another entry replaces.
func FuzzOrdered(f *testing.F) {
	f.Add("b=1\x00A=2\x00a=3", "r")
	f.Add("ß=1\x00SS=2\x00=C:=x", "")
	f.Fuzz(func(t *testing.T, joined, root string) {
		env := strings.Split(joined, "\x00")
		got := ordered(env, root)
		names := make([]string, len(got))
		for i, entry := range got {
			names[i] = fold(entry)
		}
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%q became %q", env, got)
		}
		for _, entry := range env {
			if !slices.Contains(names, fold(entry)) {
				t.Errorf("%q is lost: %q", entry, got)
			}
		}
	})
}
