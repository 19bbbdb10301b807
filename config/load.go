package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Load reads and checks a file. Every problem is in the one error (an *Error); nothing else is touched.
func Load(path string, host Host) (*Config, error) {
	src, err := readFile(path)
	if err != nil {
		r := &report{}
		r.fail(place{}, fmt.Sprintf("cannot read %q: %s", path, err), "")
		return nil, r.err()
	}
	return Parse(path, src, host)
}

// readFile reads at most one byte more than a configuration may have, so that /dev/zero is an error and not forever.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder (name the file in it)")
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return src, cause(err)
}

// cause is an error without the call and the path, which stand before it.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Parse checks the text of a file. A filename that ends in .json is HCL's JSON form. Relative paths in it are relative to
// the folder of filename, which need not exist. A byte order mark before it is passed over. Every problem is in the one error (an *Error).
func Parse(filename string, src []byte, host Host) (*Config, error) {
	src = withoutMark(src)
	r := newReader(filename, host)
	if body := r.parse(filename, src, strings.HasSuffix(filename, ".json")); body != nil {
		r.read(body)
	}
	return r.result(&Source{Path: filename, Text: src, CPUs: host.CPUs, System: r.config.System})
}

// reader turns a body into a Config.
type reader struct {
	report
	paths
	early  known
	host   Host
	config *Config
	// standIn is the scope in which late expressions are tried, complete when all listeners are read.
	standIn Scope
}

func newReader(filename string, host Host) *reader {
	r := &reader{host: host, config: &Config{Path: filename, System: cmp.Or(host.System, runtime.GOOS)}}
	var err error
	if r.paths, err = pathsOf(filename, r.config.System); err != nil {
		r.fail(place{Filename: filename}, fmt.Sprintf("cannot find the folder of %q: %s", filename, err), "Give an absolute path.")
	}
	environ := environment(host.Environ, r.windows)
	r.early = known{
		variables: earlyVariables,
		environ:   func() []string { return sortedKeys(environ) },
		context: &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{
			"env":    cty.ObjectVal(environ),
			"cpus":   cty.NumberIntVal(int64(host.CPUs)),
			"system": cty.StringVal(r.config.System),
		}},
	}
	return r
}

// read goes through the whole file, whatever is wrong in it.
func (r *reader) read(body hcl.Body) {
	top := r.open("", root, place{Filename: r.config.Path}, body)
	names := firsts{}
	for _, block := range top.content.Blocks {
		switch block.Type {
		case "listener":
			r.readListener(block, names)
		case "service":
			r.readService(block, names)
		case "serve":
			r.readServe(block, names)
		}
	}
	r.readControl(top.one("control"))
	r.readLog(top.one("log"))
	r.config.written = top.written
	r.check()
}

// check is for what shows only when everything is read.
func (r *reader) check() {
	if len(r.config.Listeners)+len(r.config.Services) == 0 && len(r.findings) == 0 {
		r.fail(place{Filename: r.config.Path}, "cannot use the file: it has no listener and no service", smallest)
	}
	r.checkAddresses()
	if r.broken {
		return
	}
	r.checkReferences()
	r.checkAdopted()
	r.checkCycles()
	r.checkSharers()
	r.checkSteered()
	r.checkStops()
	r.prepareStandIn()
	for _, s := range r.config.Services {
		r.tryLate(s)
	}
}

func (r *reader) result(s *Source) (*Config, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	r.config.stamp(s)
	r.config.Warnings = r.warnings
	return r.config, nil
}

// firsts remembers where a name was used first, by kind and name.
type firsts map[[2]string]place

// label gives the name of a block after checking it; false when it cannot be used.
func (r *reader) label(block *hcl.Block, names firsts) (name string, at place, ok bool) {
	name, at = block.Labels[0], block.LabelRanges[0]
	noun := fmt.Sprintf("%s %q", block.Type, shorten(name))
	if cause := badName(name); cause != "" {
		r.fail(at, fmt.Sprintf("cannot use the name of %s: %s", noun, cause),
			"A name has 1 to 63 letters, digits, points, underscores and hyphens, and begins with a letter or digit.")
		return name, at, false
	}
	key := [2]string{block.Type, name}
	if first, twice := names[key]; twice {
		r.fail(at, fmt.Sprintf("cannot use a second %s", noun), "The first one is at "+where(first)+". Give each its own name.")
		return name, at, false
	}
	names[key] = at
	return name, at, true
}

const maxName = 63

func badName(name string) string {
	for i, c := range name {
		switch letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'; {
		case letter:
		case i == 0:
			return fmt.Sprintf("it begins with %q", c)
		case c != '.' && c != '_' && c != '-':
			return fmt.Sprintf("it has a %q", c)
		}
	}
	switch {
	case name == "":
		return "it is empty"
	case len(name) > maxName:
		return fmt.Sprintf("it is %d bytes long", len(name))
	}
	return ""
}
