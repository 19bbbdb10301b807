package config

import (
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
	w := n.words(expr.Range())
	n.written[n.prefix+name] = field{normal: strings.Join(w.text, "\x00"), text: w.line()}
}

// source gives the text of a place in one line, without comments.
func (r *reader) source(at place) string { return r.words(at).line() }

// words are the pieces of an expression without what does not matter: comments, line breaks, a last comma.
type words struct {
	text   []string
	spaced []bool // there is a blank before it
}

// lineBreaks are left in heredocs only.
var lineBreaks = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)

// line joins the words the way they were written, in one line.
func (w words) line() string {
	var b strings.Builder
	for i, text := range w.text {
		opened := i > 0 && strings.ContainsAny(w.text[i-1][len(w.text[i-1])-1:], "[(")
		closing := strings.HasPrefix(text, "]") || strings.HasPrefix(text, ")")
		if i > 0 && w.spaced[i] && !opened && !closing {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	return lineBreaks.Replace(b.String())
}

func (r *reader) words(at place) words {
	src := r.files[at.Filename]
	if at.Start.Byte < 0 || at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return words{}
	}
	w, end := words{}, 0
	tokens, _ := hclsyntax.LexExpression(src[at.Start.Byte:at.End.Byte], at.Filename, hcl.Pos{}) // JSON has the same tokens
	for _, t := range tokens {
		switch last := len(w.text) - 1; {
		case t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline || len(t.Bytes) == 0:
			continue
		case t.Type == hclsyntax.TokenCBrack && last >= 0 && w.text[last] == ",":
			w.text, w.spaced = w.text[:last], w.spaced[:last]
		}
		w.text = append(w.text, string(t.Bytes))
		w.spaced = append(w.spaced, t.Range.Start.Byte > end)
		end = t.Range.End.Byte
	}
	return w
}
