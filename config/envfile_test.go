package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func writeFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadEnvironmentFiles(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{"nothing", "", nil},
		{"comments and empty lines", "\n# A=1\n  ; B=2\n\t\n", nil},
		{"plain", "A=1\nB=two words\n", map[string]string{"A": "1", "B": "two words"}},
		{"without a last newline", "A=1", map[string]string{"A": "1"}},
		{"empty value", "A=\nB=\"\"\nC=''\nD=", map[string]string{"A": "", "B": "", "C": "", "D": ""}},
		{"the last one counts", "A=1\nA=2\n", map[string]string{"A": "2"}},
		{"blanks around", "  A = \t1 2 \t\r\n", map[string]string{"A": "1 2"}},
		{"more equals", "A=b=c=d", map[string]string{"A": "b=c=d"}},
		{"double quotes", `A="one # two"`, map[string]string{"A": "one # two"}},
		{"blanks in quotes stay", `A="  x  "  `, map[string]string{"A": "  x  "}},
		{"escapes in double quotes", `A="\"\\\$\` + "`" + `\n"`, map[string]string{"A": `"\$` + "`" + `\n`}},
		{"single quotes keep all", `A='\"$x'`, map[string]string{"A": `\"$x`}},
		{"quotes span lines", "A=\"one\ntwo\"\nB=1", map[string]string{"A": "one\ntwo", "B": "1"}},
		{"quoted parts join", `A="one"'two'three`, map[string]string{"A": "onetwothree"}},
		{"a quote inside", `A=it's "fine"`, map[string]string{"A": `it's "fine"`}},
		{"a hash inside", "A=b # c", map[string]string{"A": "b # c"}},
		{"a backslash joins lines", "A=one\\\ntwo\nB=1", map[string]string{"A": "onetwo", "B": "1"}},
		{"a backslash joins in quotes", "A=\"one\\\ntwo\"", map[string]string{"A": "onetwo"}},
		{"a backslash keeps a blank", `A=one\ `, map[string]string{"A": "one "}},
		{"a backslash at the end", `A=one\`, map[string]string{"A": "one"}},
		{"a comment ends with its line", "# a \\\nA=1", map[string]string{"A": "1"}},
		{"nothing is expanded", `A="$HOME ${HOME} %h"`, map[string]string{"A": "$HOME ${HOME} %h"}},
		{"a byte order mark", "\ufeffA=1\r\nB=2\r\n", map[string]string{"A": "1", "B": "2"}},
		{"UTF-8", "A=grüße", map[string]string{"A": "grüße"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadEnvironmentFiles([]string{writeFile(t, test.text)})
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("%v\n%s", err, cmp.Diff(test.want, got))
			}
		})
	}
}

func TestReadEnvironmentFilesErrors(t *testing.T) {
	const text = "A=1\nexport B=2\nC\n=3\n9D=4\nE=a\x00b\nF=5\nG=\"open\n"
	path := writeFile(t, text)
	missing := filepath.Join(t.TempDir(), "missing.env")
	marked, wide := writeFile(t, "\ufeff9A=1\n"), writeFile(t, "\xff\xfeA\x00=\x001\x00")
	_, err := ReadEnvironmentFiles([]string{"-" + missing, missing, path, filepath.Dir(path), "-" + filepath.Dir(path), marked, wide})
	if err == nil {
		t.Fatal("there is no error")
	}
	var names []string
	for _, pair := range [][2]string{{path, "app.env"}, {missing, "missing.env"}, {marked, "marked.env"}, {wide, "wide.env"}, {filepath.Dir(path), "FOLDER"}} {
		quoted := strings.Trim(strconv.Quote(pair[0]), `"`)
		names = append(names, quoted, pair[1], pair[0], pair[1])
	}
	got := strings.NewReplacer(names...).Replace(err.Error())
	golden(t, "testdata/environment.golden", got+"\n")
}

func TestReadEnvironmentFilesInOrder(t *testing.T) {
	first, second := writeFile(t, "A=1\nB=1\n"), writeFile(t, "B=2\n")
	got, err := ReadEnvironmentFiles([]string{first, "-" + filepath.Join(t.TempDir(), "missing"), "-" + second})
	if want := map[string]string{"A": "1", "B": "2"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ReadEnvironmentFiles(nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestReadEnvironment: a file that is missing is a problem of the service that names it, a line of it is the file's own.
func TestReadEnvironment(t *testing.T) {
	wrong := writeFile(t, "A=1\nB\n")
	missing := filepath.Join(t.TempDir(), "missing.env")
	text := fmt.Sprintf("\nservice \"app\" {\n  command = [\"./app\"]\n  environment_files = [%q, %q]\n}\n", missing, wrong)
	c := mustParse(t, text, Host{})
	_, err := c.Services[0].ReadEnvironment()
	e, is := err.(*Error)
	if !is || len(e.Problems) != 2 || filepath.Base(e.Problems[0].File) != "app.hcl" || e.Problems[0].Line != 2 || e.Problems[1].File != wrong || e.Problems[1].Line != 2 {
		t.Errorf("%v", err)
	}
	s := &Service{EnvironmentFiles: []string{writeFile(t, "A=1\n")}}
	if got, err := s.ReadEnvironment(); err != nil || got["A"] != "1" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadEnvironmentFilesBounded(t *testing.T) {
	for path, want := range map[string]string{
		writeFile(t, strings.Repeat("A=1\n", 1<<20+1)): "longer than 4 MiB",
		os.DevNull: "no regular file",
	} {
		if _, err := ReadEnvironmentFiles([]string{path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
