package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// take reads an attribute into *to, which holds the default before and keeps it when the attribute is missing or wrong.
func take[T any](n *node, name string, to *T, read func(cty.Value) (T, *refusal)) {
	attribute := n.content.Attributes[name]
	if attribute == nil {
		n.record(name, *to, "")
		return
	}
	v, ok := n.evaluate(attribute.Expr, fmt.Sprintf("%s of %s", name, n.noun))
	if !ok || v.IsNull() { // null means not given, as everywhere in HCL
		n.record(name, *to, "")
		return
	}
	got, r := read(v)
	for _, part := range r.all() {
		n.failValue(name, part.place(attribute.Expr), part.cause, part.advice)
	}
	if r != nil {
		return
	}
	*to = got
	n.record(name, *to, n.source(attribute.Expr.Range()))
}

// named is an element of a list of names, with its own place.
type named struct {
	name string
	at   place
}

// takeNames reads a list of names; what they must be is checked by the caller.
func takeNames(n *node, name string, to *[]string) []named {
	take(n, name, to, asNames)
	attribute := n.content.Attributes[name]
	if attribute == nil {
		return nil
	}
	names := make([]named, 0, len(*to))
	elements, _ := hcl.ExprList(attribute.Expr)
	for i, text := range *to {
		at := attribute.Expr.Range()
		if len(elements) == len(*to) {
			at = elements[i].Range()
		}
		names = append(names, named{text, at})
	}
	return names
}

// failTwice reports names that a list has twice.
func (n *node) failTwice(attribute string, names []named) {
	seen := map[string]bool{}
	for _, e := range names {
		if seen[e.name] {
			n.failValue(attribute, e.at, fmt.Sprintf("%q is there twice", e.name), "Remove one.")
		}
		seen[e.name] = true
	}
}
