package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "app.hcl")
	const text = "listener \"web\" {\n  address = \"unix://app.sock\"\n}\nservice \"app\" {\n  command = [\"./app\"]\n  output = \"file://app.log\"\n}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, host())
	if err != nil {
		t.Fatal(err)
	}
	in, err := pathsOf(path, "linux")
	if err != nil || runtime.GOOS != "windows" && in.folder != folder {
		t.Fatalf("%+v, %v", in, err)
	}
	if c.Path != path || c.Listener("web").Address.Path != in.folder+"/app.sock" || c.Service("app").Output.Path != in.folder+"/app.log" {
		t.Errorf("%+v %+v %+v", c, c.Listeners[0], c.Services[0])
	}
	if c.Listener("wbe") != nil || c.Service("web") != nil {
		t.Error("there are things that do not exist")
	}
	// A path relative to the working folder gives the same.
	t.Chdir(folder)
	again, err := Load("app.hcl", host())
	if err != nil || again.Path != "app.hcl" || again.Listener("web").Address != c.Listener("web").Address || again.Listener("web").Where != "app.hcl:1" {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestLoadErrors(t *testing.T) {
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing.hcl")
	_, err := os.Open(missing)
	none := cause(err).Error() // in the system's words
	tests := []struct{ path, want string }{
		{missing, fmt.Sprintf("cannot read %q: %s", missing, none)},
		{folder, fmt.Sprintf("cannot read %q: it is a folder (name the file in it)", folder)},
		{"", `cannot read "": ` + none},
	}
	for _, test := range tests {
		_, err := Load(test.path, host())
		if problems := (*Error)(nil); !errors.As(err, &problems) || err.Error() != test.want {
			t.Errorf("%q: got %v\nwant %s", test.path, err, test.want)
		}
	}
}

// The text of a problem begins with its place only when it has one.
func TestErrorList(t *testing.T) {
	e := &Error{}
	for range 3 {
		e.Problems = append(e.Problems, Problem{File: "app.hcl", Line: 3, Text: "cannot", Advice: "Do.", Excerpt: "   3 | x"})
	}
	if text := e.Error(); strings.Count(text, "app.hcl:3: cannot\n") != 3 || !strings.HasSuffix(text, "\n\n3 problems") {
		t.Error(text)
	}
	e.More = 5
	if text := e.Error(); !strings.HasSuffix(text, "\n\n8 problems, of which these are the first 3") {
		t.Error(text)
	}
	if text := e.Problems[0].String(); text != "app.hcl:3: cannot\n   3 | x\n    Do." {
		t.Error(text)
	}
}

// Texts that could take forever or overflow a stack are errors soon.
func TestHostileTexts(t *testing.T) {
	const size = 1 << 18
	texts := map[string]string{
		"braces":          strings.Repeat("{", 1<<20),
		"closing braces":  strings.Repeat("}", size),
		"blocks":          strings.Repeat("a {\n", size/4),
		"brackets":        "service \"a\" {\n  command = " + strings.Repeat("[", size),
		"parentheses":     "a = " + strings.Repeat("(", size),
		"templates":       "a = " + strings.Repeat(`"${`, size/3),
		"directives":      `a = "` + strings.Repeat(`%{ if true }`, size/12),
		"negations":       "a = " + strings.Repeat("!", size),
		"minuses":         "a = " + strings.Repeat("-", size) + "1",
		"sums":            "a = 1" + strings.Repeat("+1", size/2),
		"conditions":      "a = " + strings.Repeat("b?c:", size/4) + "d",
		"members":         "a = b" + strings.Repeat(".c", size/2),
		"indexes":         "a = b" + strings.Repeat("[0]", size/3),
		"splats":          "a = b" + strings.Repeat("[*]", size/3),
		"calls":           "a = " + strings.Repeat("f(", size/2),
		"loops":           "a = " + strings.Repeat("[for x in ", size/10),
		"heredocs":        strings.Repeat("a = <<A\n", size/8),
		"quotes":          strings.Repeat(`"`, size),
		"one word":        strings.Repeat("a", size),
		"zeros":           strings.Repeat("\x00", size),
		"digits":          "a = " + strings.Repeat("9", size),
		"attributes":      strings.Repeat("a = 1\n", size/6),
		"comments":        strings.Repeat("# a\n", size/4),
		"invalid":         strings.Repeat("\xff", size),
		"JSON brackets":   strings.Repeat("[", size),
		"JSON objects":    strings.Repeat(`{"a":`, size/5),
		"JSON templates":  `{"service":{"a":{"command":["` + strings.Repeat("${", size/2) + `"]}}}`,
		"JSON operators":  `{"service":{"a":{"command":["${` + strings.Repeat("-", size) + `1}"]}}}`,
		"JSON number":     `{"service":{"a":{"command":["x", 1e999999999]}}}`,
		"JSON properties": `{` + strings.Repeat(`"a":1,`, size/6) + `"a":1}`,
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			filename := "app.hcl"
			if strings.HasPrefix(name, "JSON") {
				filename = "app.json"
			}
			_, err := Parse(filename, []byte(text), host())
			if err == nil {
				t.Fatal("there is no error")
			}
			if length := len(err.Error()); length > 100_000 {
				t.Errorf("the error is %d bytes long", length)
			}
		})
	}
}

func TestFileTooLong(t *testing.T) {
	_, err := Parse("app.hcl", make([]byte, maxFile+1), host())
	if err == nil || err.Error() != "app.hcl: cannot use the file: it is longer than 16 MiB\n    Is it a configuration?" {
		t.Error(err)
	}
}
