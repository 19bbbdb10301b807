package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A refusal says why a value cannot be used and what to write instead.
type refusal struct {
	value, cause, advice string

	// What it is about in a list or object; element counts from 1.
	element int
	key     string

	more []*refusal // of other elements
}

// and adds a refusal of another element; a nil r is no refusal so far.
func (r *refusal) and(other *refusal) *refusal {
	if r == nil {
		return other
	}
	r.more = append(r.more, other)
	return r
}

// all gives each refusal by itself.
func (r *refusal) all() []*refusal {
	if r == nil {
		return nil
	}
	return append([]*refusal{r}, r.more...)
}

// in says which element of a list or which key of an object is refused; i counts from 0.
func (r *refusal) in(i int, key string) *refusal {
	part, prefix := *r, key
	part.key = key
	if key == "" {
		part.element = i + 1
		prefix = fmt.Sprintf("element %d", part.element)
	}
	part.cause = prefix + ": " + r.cause
	return &part
}

// place finds what is refused in an expression; the whole of it when it is computed.
func (r *refusal) place(expr hcl.Expression) place {
	if elements, diags := hcl.ExprList(expr); r.element > 0 && !diags.HasErrors() && r.element <= len(elements) {
		return elements[r.element-1].Range()
	}
	if pairs, diags := hcl.ExprMap(expr); r.key != "" && !diags.HasErrors() {
		for _, pair := range pairs {
			if key, diags := pair.Key.Value(nil); !diags.HasErrors() && key.Type() == cty.String && key.AsString() == r.key {
				return pair.Value.Range()
			}
		}
	}
	return expr.Range()
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("cannot use %q: %s", r.value, r.cause)
	if r.advice == "" {
		return text
	}
	return text + " (" + r.advice + ")"
}
