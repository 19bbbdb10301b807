package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// CommandLine is what `supervise run` gets in place of a file.
type CommandLine struct {
	// Listen has an element for each --listen: "web=tcp://:8080", or only the address; the name is then the service's.
	Listen []string
	// Backlog is for every listener that has one; 0 when not given.
	Backlog int
	// Preset is the name of a preset; "" when not given.
	Preset string `json:",omitempty"`
	// Handoff are the names of dialects; none when not given.
	Handoff []string `json:",omitempty"`
	// Workers is 0 when not given, for one.
	Workers int
	// Command is the program and its arguments; each is a template that is evaluated for each worker.
	Command []string
	// Directory is "" for supervise's own; relative paths are relative to that.
	Directory string
}

// ForCommand makes the configuration of a command line: one service, named after its program. It is checked exactly like a
// file: the flags are turned into the blocks that one would have written. Every problem is in the one error (an *Error).
func ForCommand(c CommandLine, host Host) (*Config, error) {
	r := newReader("", host)
	r.read(r.body(c))
	return r.result(&Source{Command: &c, CPUs: host.CPUs, System: r.config.System})
}

func (r *reader) body(c CommandLine) *hclsyntax.Body {
	service := r.serviceName(c.Command)
	body := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	var names []cty.Value
	for _, flag := range c.Listen {
		name, address := splitListen(flag)
		if name == "" {
			name = unusedName(service, names)
		}
		if badName(name) == "" && !contains(names, name) { // else the listener is refused, once is enough
			names = append(names, cty.StringVal(name))
		}
		body.Blocks = append(body.Blocks, listenBlock("--listen "+flag, name, address, c.Backlog))
	}
	if len(c.Command) == 0 {
		r.fail(place{}, "cannot run nothing: there is no command", "Write it after --, like: supervise run --listen tcp://:8080 -- ./app")
		return body
	}
	at := place{Filename: "command"}
	b := flagBlock(at, "service", service)
	b.Body.Attributes["command"] = attribute(at, "command", r.templates(c.Command))
	b.Body.Attributes["listeners"] = literal(place{Filename: "--listen"}, "listeners", cty.TupleVal(names))
	c.describe(b.Body.Attributes)
	body.Blocks = append(body.Blocks, b)
	return body
}

// describe adds the flags that are attributes of the service.
func (c CommandLine) describe(attributes hclsyntax.Attributes) {
	set := func(name string, v cty.Value) {
		attributes[name] = literal(place{Filename: "--" + name}, name, v)
	}
	if c.Preset != "" {
		set("preset", cty.StringVal(c.Preset))
	}
	if len(c.Handoff) > 0 {
		var dialects []cty.Value
		for _, name := range c.Handoff {
			dialects = append(dialects, cty.StringVal(name))
		}
		set("handoff", cty.TupleVal(dialects))
	}
	if c.Workers != 0 {
		set("workers", cty.NumberIntVal(int64(c.Workers)))
	}
	if c.Directory != "" {
		set("directory", cty.StringVal(c.Directory))
	}
}

// splitListen parts NAME=ADDRESS. A "=" inside the address is part of a path.
func splitListen(flag string) (name, address string) {
	name, address, ok := strings.Cut(flag, "=")
	if !ok || strings.ContainsAny(name, ":/") {
		return "", flag
	}
	return name, address
}

// unusedName numbers listeners without a name: app, app-2, app-3.
func unusedName(service string, taken []cty.Value) string {
	name := service
	for i := 2; contains(taken, name); i++ {
		name = fmt.Sprintf("%s-%d", service, i)
	}
	return name
}

func contains(names []cty.Value, name string) bool {
	return slices.ContainsFunc(names, func(v cty.Value) bool { return v.AsString() == name })
}

// serviceName makes a name of a program's file.
func (p paths) serviceName(command []string) string {
	if len(command) == 0 {
		return "app"
	}
	base := p.base(command[0])
	if p.windows {
		base = strings.TrimSuffix(base, ".exe")
	}
	name := strings.Map(func(c rune) rune {
		if badName("a"+string(c)) != "" {
			return '-'
		}
		return c
	}, base)
	name = strings.TrimLeft(name, "-._")
	name = name[:min(len(name), maxName-4)] // room for a number
	if name == "" {
		return "app"
	}
	return name
}

func listenBlock(flag, name, address string, backlog int) *hclsyntax.Block {
	at := place{Filename: flag}
	b := flagBlock(at, "listener", name)
	b.Body.Attributes["address"] = literal(at, "address", cty.StringVal(address))
	if a, err := ParseAddress(address); backlog != 0 && (err != nil || a.hasBacklog()) {
		b.Body.Attributes["backlog"] = literal(place{Filename: "--backlog"}, "backlog", cty.NumberIntVal(int64(backlog)))
	}
	return b
}

func flagBlock(at place, kind, label string) *hclsyntax.Block {
	return &hclsyntax.Block{
		Type: kind, Labels: []string{label}, Body: &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: at, EndRange: at},
		TypeRange: at, LabelRanges: []hcl.Range{at}, OpenBraceRange: at, CloseBraceRange: at,
	}
}

func literal(at place, name string, v cty.Value) *hclsyntax.Attribute {
	return attribute(at, name, &hclsyntax.LiteralValueExpr{Val: v, SrcRange: at})
}

func attribute(at place, name string, expr hclsyntax.Expression) *hclsyntax.Attribute {
	return &hclsyntax.Attribute{Name: name, Expr: expr, SrcRange: at, NameRange: at, EqualsRange: at}
}

// templates parses each argument by itself, so that an error names it.
func (r *reader) templates(command []string) hclsyntax.Expression {
	tuple := &hclsyntax.TupleConsExpr{SrcRange: place{Filename: "command"}}
	for i, argument := range command {
		label := fmt.Sprintf("argument %d (%s)", i, shorten(argument))
		if i == 0 {
			label = fmt.Sprintf("command (%s)", shorten(argument))
		}
		tokens, _ := hclsyntax.LexTemplate([]byte(argument), label, hcl.Pos{})
		if at, cause := checkTokens(tokens); cause != "" {
			r.fail(at, "cannot parse: "+cause, "Simplify it.")
			continue
		}
		expr, diags := hclsyntax.ParseTemplate([]byte(argument), label, hcl.Pos{})
		r.failHCL("cannot parse", diags)
		if !diags.HasErrors() {
			tuple.Exprs = append(tuple.Exprs, expr)
		}
	}
	return tuple
}
