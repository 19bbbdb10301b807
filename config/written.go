package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// field is an attribute as Diff compares and shows it.
type field struct {
	normal string // equal for values that do the same
	text   string // as written; "" when not given
}

// written holds the attributes of a block by name, "ready.timeout".
type written map[string]field

func (n *node) record(name string, value any, text string) {
	n.written[n.prefix+name] = field{normal: normal(value), text: text}
}

func normal(value any) string {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Pointer {
		return fmt.Sprintf("%+v", value)
	}
	if v.IsNil() {
		return ""
	}
	return fmt.Sprintf("%+v", v.Elem())
}

// source gives the text of a place in one line.
func (r *reader) source(at place) string {
	src := r.files[at.Filename]
	if at.Start.Byte < 0 || at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return ""
	}
	return strings.Join(strings.Fields(string(src[at.Start.Byte:at.End.Byte])), " ")
}

// recordLate records an expression by its text: comments, line breaks and a last comma are no difference. An object with
// fixed names, as environment usually is, is recorded by name, so that their order is none either.
func (n *node) recordLate(name string, expr hcl.Expression) {
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		n.recordText(name, expr)
		return
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || !key.IsKnown() || key.IsNull() {
			n.recordText(name, expr)
			continue
		}
		n.recordText(name+"."+key.AsString(), pair.Value)
	}
}

func (n *node) recordText(name string, expr hcl.Expression) {
	text := n.source(expr.Range())
	n.written[n.prefix+name] = field{normal: n.normalText(expr.Range()), text: text}
}

// normalText gives the text of an expression without what does not matter.
func (r *reader) normalText(at place) string {
	src := r.files[at.Filename]
	if at.Start.Byte < 0 || at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return ""
	}
	src = src[at.Start.Byte:at.End.Byte]
	if compact := (&bytes.Buffer{}); json.Compact(compact, src) == nil {
		return compact.String()
	}
	tokens, _ := hclsyntax.LexExpression(src, at.Filename, at.Start)
	words := make([]string, 0, len(tokens))
	for _, t := range tokens {
		switch {
		case t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline:
			continue
		case t.Type == hclsyntax.TokenCBrack && len(words) > 0 && words[len(words)-1] == ",":
			words = words[:len(words)-1]
		}
		words = append(words, string(t.Bytes))
	}
	return strings.Join(words, "\x00")
}
