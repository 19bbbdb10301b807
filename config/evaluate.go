package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// variables are the roots of expressions, and when they are known.
var (
	earlyVariables = []string{"env", "cpus", "system"}
	lateVariables  = []string{"env", "cpus", "system", "listener", "service", "generation", "worker"}
)

// known is what an expression sees, and what errors about it need besides.
type known struct {
	context   *hcl.EvalContext
	variables []string        // roots, in the order of errors
	listeners func() []string // every name; the context has only those that are needed
	environ   func() []string // every name
	owner     string          // the service; "" for values that are read at load
	asks      bool            // the service asks for its listeners on a socket
	adopts    bool            // the service binds by itself
}

// evaluate gives the value of an expression; false after a problem, which is reported. what is "backlog of listener \"web\"".
func (r *report) evaluate(expr hcl.Expression, k known, what string) (cty.Value, bool) {
	v, diags := expr.Value(k.context)
	if !diags.HasErrors() && v.IsWhollyKnown() {
		return v, true
	}
	before := len(r.findings)
	for _, t := range expr.Variables() {
		if cause, advice := k.explain(t); cause != "" {
			r.fail(t.SourceRange(), fmt.Sprintf("cannot evaluate %s: %s", what, cause), advice)
		}
	}
	if len(r.findings) == before {
		r.failHCL("cannot evaluate "+what, diags)
	}
	if len(r.findings) == before {
		r.fail(expr.Range(), fmt.Sprintf("cannot evaluate %s: the value is not known", what), "")
	}
	return cty.DynamicVal, false
}

// evaluate of a reader is for values that are read at load.
func (r *reader) evaluate(expr hcl.Expression, what string) (cty.Value, bool) {
	return r.report.evaluate(expr, r.early, what)
}

// explain says what a variable lacks, in our words; "" when it is fine.
func (k known) explain(t hcl.Traversal) (cause, advice string) {
	name := t.RootName()
	if slices.Contains(k.variables, name) {
		return k.explainMember(name, t)
	}
	if slices.Contains(lateVariables, name) {
		return fmt.Sprintf("%s is not known yet when the file is read", name),
			"It is known in command, environment, directory, ready (url, pattern, command) and hooks. Here there are env, cpus and system."
	}
	advice = didYouMean(name, k.variables, "variables")
	if len(t) == 1 && suggest(name, k.variables) == "" {
		advice = fmt.Sprintf("Write %q in quotes when you mean the text. ", name) + advice
	}
	return fmt.Sprintf("there is no variable %q", name), advice
}

func (k known) explainMember(root string, t hcl.Traversal) (cause, advice string) {
	member, ok := step(t, 1)
	if !ok {
		return "", ""
	}
	value := k.context.Variables[root]
	switch {
	case root == "env" && !slices.Contains(k.environ(), member):
		return fmt.Sprintf("the environment variable %s is not set", member), adviseEnv(member, k.environ())
	case root == "listener":
		return k.explainListener(member, t)
	case value.Type().IsObjectType() && !value.Type().HasAttribute(member):
		return fmt.Sprintf("%s has no %q", root, member), didYouMean(member, attributesOf(value), "members of "+root)
	case !value.Type().IsObjectType():
		return fmt.Sprintf("%s is one value, it has no %q", root, member), fmt.Sprintf("Write ${%s}.", root)
	}
	return "", ""
}

func adviseEnv(name string, environ []string) string {
	advice := fmt.Sprintf(`Set it for supervise, or give a default: try(env.%s, "...").`, name)
	if guess := suggest(name, environ); guess != "" {
		advice = fmt.Sprintf("Did you mean %q? Else: ", guess) + lowerFirst(advice)
	}
	return advice
}

func (k known) explainListener(name string, t hcl.Traversal) (cause, advice string) {
	if !slices.Contains(k.listeners(), name) {
		return fmt.Sprintf("there is no listener %q", name), didYouMean(name, k.listeners(), "listeners")
	}
	member, ok := step(t, 2)
	if !ok {
		return "", ""
	}
	value := k.context.Variables["listener"].GetAttr(name)
	if value.Type().HasAttribute(member) {
		return "", ""
	}
	if member == "fd" && k.asks {
		return fmt.Sprintf("service %q asks for listener %q on a socket, so there is no descriptor", k.owner, name),
			`Add "systemd" to its handoff, or write handoff = ["none"].`
	}
	if member == "fd" && k.adopts {
		return fmt.Sprintf("service %q binds by itself to what becomes listener %q, so there is no descriptor before", k.owner, name),
			fmt.Sprintf("Give it the address: ${listener.%s.address}, or .host, .port or .path.", name)
	}
	if member == "fd" {
		return fmt.Sprintf("service %q does not get listener %q, so there is no descriptor", k.owner, name),
			fmt.Sprintf("Add %q to its listeners.", name)
	}
	return fmt.Sprintf("listener %q has no %q", name, member), didYouMean(member, attributesOf(value), "its members")
}

// step gives the i-th step of a traversal when it is a name.
func step(t hcl.Traversal, i int) (string, bool) {
	if i >= len(t) {
		return "", false
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func attributesOf(v cty.Value) []string {
	return sortedKeys(v.Type().AttributeTypes())
}

// environment gives the variables of a list like os.Environ; the last one of a name counts. Windows's Path is found as PATH too: there
// the case of a name means nothing.
func environment(environ []string, windows bool) map[string]cty.Value {
	values := make(map[string]cty.Value, len(environ))
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && name != "" {
			values[name] = cty.StringVal(value)
			if windows {
				values[strings.ToUpper(name)] = values[name]
			}
		}
	}
	return values
}
