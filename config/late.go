package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// late are the expressions of a service that are evaluated for each worker. It is not changed after Load.
type late struct {
	fields []lateField
	files  map[string][]byte // for the excerpts of errors
	paths  paths             // of the configuration file
	system string
	own    []string // listeners of the service
	asks   bool     // it has no descriptors for them, but asks on a socket
	adopts bool     // it has none either, but makes them itself
	needs  needs
	// pattern is that of ready when none is given: of a preset.
	pattern string
}

type lateField struct {
	name string // "command"
	what string // "command of service \"app\""
	expr hcl.Expression
	set  setter
}

// setter puts an evaluated value where it belongs.
type setter func(to *Resolved, in paths, v cty.Value) *refusal

// lateAttributes are the late expressions by the block that they stand in.
var lateAttributes = map[string]map[string]setter{
	"service": {"command": setCommand, "environment": setEnvironment, "directory": setDirectory},
	"ready": {
		"pattern": setText(asPattern, func(to *Resolved) *string { return &to.Pattern }),
		"url":     setText(asURL, func(to *Resolved) *string { return &to.URL }),
		"expect":  setText(asPattern, func(to *Resolved) *string { return &to.Expect }),
		"command": setReadyCommand,
	},
	"health": {
		"http":    setText(asURL, func(to *Resolved) *string { return &to.Health.URL }),
		"expect":  setText(asPattern, func(to *Resolved) *string { return &to.Health.Expect }),
		"command": setHealthCommand,
		"exec":    setHealthCommand,
	},
	"hooks": {
		"before_start": hook(func(h *ResolvedHooks) *[]string { return &h.BeforeStart }),
		"after_ready":  hook(func(h *ResolvedHooks) *[]string { return &h.AfterReady }),
		"before_stop":  hook(func(h *ResolvedHooks) *[]string { return &h.BeforeStop }),
		"after_stop":   hook(func(h *ResolvedHooks) *[]string { return &h.AfterStop }),
	},
}

// keep keeps an attribute for later.
func (l *late) keep(n *node, name string) {
	attribute := n.content.Attributes[name]
	if attribute == nil || isNull(attribute.Expr) {
		return
	}
	l.fields = append(l.fields, lateField{
		name: name,
		what: fmt.Sprintf("%s of %s", name, n.noun),
		expr: attribute.Expr,
		set:  lateAttributes[n.shape.kind][name],
	})
	l.needs.add(attribute.Expr)
	n.recordLate(name, attribute.Expr)
}

// isNull says whether an expression is the word null: not given.
func isNull(expr hcl.Expression) bool {
	v, diags := expr.Value(nil)
	return !diags.HasErrors() && v.IsKnown() && v.IsNull()
}

// Resolve evaluates the late expressions for one worker. Load has tried it with likely values; an error, an *Error with
// line and excerpt, comes from values that only the worker has.
func (s *Service) Resolve(scope Scope) (Resolved, error) {
	r := &report{files: s.late.files}
	resolved := s.late.resolve(r, scope)
	if err := r.err(); err != nil {
		return Resolved{}, err
	}
	return resolved, nil
}

func (l *late) resolve(r *report, scope Scope) Resolved {
	to := Resolved{Directory: l.paths.folder, Pattern: l.pattern}
	k := scope.known(l)
	for _, f := range l.fields {
		v, ok := r.evaluate(f.expr, k, f.what)
		if !ok {
			continue
		}
		for _, refused := range f.set(&to, l.paths, v).all() {
			r.fail(refused.place(f.expr), fmt.Sprintf("cannot use %s: %s", f.what, refused.cause), refused.advice)
		}
	}
	return to
}

// HasHook is whether a hook is written down for the service: before_start, after_ready, before_stop or after_stop. What it is made
// of may still turn out to be null for a worker.
func (s *Service) HasHook(name string) bool {
	return slices.ContainsFunc(s.late.fields, func(f lateField) bool { return f.name == name })
}

// Checks are the kinds of check that health has for a ready worker: "http", "command". The watchdog is none.
func (s *Service) Checks() []string { return s.checks }

// Mentions is whether an expression of the service may use the listener of that name: Resolve needs no others.
func (s *Service) Mentions(listener string) bool {
	return s.late.needs.allListeners || slices.Contains(s.late.needs.listeners, listener)
}

// at gives the place of the first expression of that name.
func (l *late) at(name string) place {
	for _, f := range l.fields {
		if f.name == name {
			return f.expr.Range()
		}
	}
	return place{}
}

func asCommand(in paths, v cty.Value) ([]string, *refusal) {
	if t := v.Type(); !t.IsTupleType() && !t.IsListType() || v.IsNull() {
		shell := `["sh", "-c", "..."]`
		if in.windows {
			shell = `["cmd", "/c", "..."]`
		}
		return nil, &refusal{
			cause:  describe(v) + " is no list",
			advice: `Write the program and each argument by itself: ["./app", "--port", "8080"]. For a shell: ` + shell + ".",
		}
	}
	command, r := asElements(v, asText)
	if r != nil {
		return nil, r
	}
	if len(command) == 0 || command[0] == "" {
		return nil, &refusal{cause: "it names no program", advice: `Write the program first: ["./app"].`}
	}
	return command, nil
}

func setCommand(to *Resolved, in paths, v cty.Value) (r *refusal) {
	to.Command, r = asCommand(in, v)
	return r
}

func setReadyCommand(to *Resolved, in paths, v cty.Value) (r *refusal) {
	to.ReadyCommand, r = asCommand(in, v)
	return r
}

func setHealthCommand(to *Resolved, in paths, v cty.Value) (r *refusal) {
	to.Health.Command, r = asCommand(in, v)
	return r
}

// setText puts what is read as one text where it belongs.
func setText(read func(cty.Value) (string, *refusal), field func(*Resolved) *string) setter {
	return func(to *Resolved, _ paths, v cty.Value) *refusal {
		s, r := read(v)
		if r == nil {
			*field(to) = s
		}
		return r
	}
}

func hook(field func(*ResolvedHooks) *[]string) setter {
	return func(to *Resolved, in paths, v cty.Value) (r *refusal) {
		*field(&to.Hooks), r = asCommand(in, v)
		return r
	}
}

func setDirectory(to *Resolved, in paths, v cty.Value) *refusal {
	s, r := asWord(v)
	if r == nil {
		s, r = in.absolute(s)
	}
	if r == nil {
		to.Directory = s
	}
	return r
}

func setEnvironment(to *Resolved, _ paths, v cty.Value) *refusal {
	if t := v.Type(); !t.IsObjectType() && !t.IsMapType() || v.IsNull() {
		return &refusal{cause: describe(v) + " is no object", advice: `Write { NAME = "value" }.`}
	}
	values := v.AsValueMap()
	to.Environment = make(map[string]string, len(values))
	var refused *refusal
	for _, name := range sortedKeys(values) {
		if values[name].IsNull() { // not given, so that try(env.X, null) can leave it out
			continue
		}
		text, r := asText(values[name])
		if name == "" || strings.ContainsAny(name, "=\x00") {
			r = &refusal{cause: "this is no name of a variable", advice: `A name has at least one character and no "=".`}
		}
		if r != nil {
			refused = refused.and(r.in(0, name))
		}
		to.Environment[name] = text
	}
	return refused
}

func asPattern(v cty.Value) (string, *refusal) {
	s, r := asWord(v)
	if r != nil {
		return "", r
	}
	if _, err := regexp.Compile(s); err != nil {
		return "", &refusal{cause: strings.TrimPrefix(err.Error(), "error parsing regexp: "), advice: "It is a regular expression in RE2 syntax, which has no look-around and no backreferences."}
	}
	return s, nil
}

func asURL(v cty.Value) (string, *refusal) {
	s, r := asWord(v)
	if r != nil {
		return "", r
	}
	const advice = `Write for example "http://127.0.0.1:8080/healthz".`
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", &refusal{cause: fmt.Sprintf("%q is no URL", shorten(s)), advice: advice}
	case u.Scheme != "http" && u.Scheme != "https":
		return "", &refusal{cause: fmt.Sprintf("%q does not begin with http:// or https://", shorten(s)), advice: advice}
	case u.Hostname() == "":
		return "", &refusal{cause: fmt.Sprintf("%q has no host", shorten(s)), advice: advice}
	case !validPort(u.Port()):
		return "", &refusal{cause: fmt.Sprintf("%q is no port", u.Port()), advice: advice}
	}
	return s, nil
}

// validPort says whether one can connect to it; "" is the default of the scheme.
func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// needs are the listeners and environment variables that expressions name.
type needs struct {
	listeners, environ       []string
	allListeners, allEnviron bool // an expression takes one by a computed name
	worker                   bool // an expression differs between the workers of a generation
}

func (n *needs) add(expr hcl.Expression) {
	for _, t := range expr.Variables() {
		name, fixed := step(t, 1)
		switch t.RootName() {
		case "listener":
			n.listeners, n.allListeners = append(n.listeners, name), n.allListeners || !fixed
		case "env":
			n.environ, n.allEnviron = append(n.environ, name), n.allEnviron || !fixed
		case "worker":
			n.worker = true
		}
	}
}
