package config

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Bounds on what reaches the HCL parser: it and its expressions are recursive, and Go ends the whole process when a stack
// is full. Real files are far below.
const (
	maxFile      = 16 << 20 // bytes
	maxDepth     = 100      // brackets in brackets
	maxOperators = 2000     // in one expression
	maxDigits    = 40       // of a number: 1e999999999 would take a gigabyte to print
	maxLines     = 4096     // of a heredoc: the parser's time grows with their square
)

var startOfFile = hcl.Pos{Line: 1, Column: 1}

// nesting counts what is open while it walks over the tokens of a text.
type nesting struct {
	open      []hclsyntax.TokenType
	operators int // since the last comma or end of line: what follows those is no deeper
	lines     int // of a text without anything between them
}

// checkTokens finds the first place that is nested too deeply for the parser; "" when there is none.
func checkTokens(tokens hclsyntax.Tokens) (at hcl.Range, cause string) {
	n := nesting{}
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNumberLit && (len(t.Bytes) > maxDigits || bigExponent(t.Bytes)) {
			return t.Range, "this number is too long"
		}
		n.count(t.Type)
		if len(n.open) > maxDepth {
			return t.Range, fmt.Sprintf("more than %d brackets and quotes are open here", maxDepth)
		}
		if n.lines > maxLines {
			return t.Range, fmt.Sprintf("this text has more than %d lines", maxLines)
		}
		if n.operators > maxOperators {
			return t.Range, fmt.Sprintf("this expression has more than %d operators", maxOperators)
		}
	}
	return hcl.Range{}, ""
}

func (n *nesting) count(t hclsyntax.TokenType) {
	if t == hclsyntax.TokenStringLit {
		n.lines++
		return
	}
	n.lines = 0
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp,
		hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		n.open = append(n.open, t)
	case hclsyntax.TokenTemplateControl: // %{ if } stays open until %{ endif }
		n.open = append(n.open, t)
		n.operators++
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd,
		hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
		n.open = n.open[:max(0, len(n.open)-1)]
	case hclsyntax.TokenComma:
		n.operators = 0
	case hclsyntax.TokenNewline:
		if n.endsExpression() {
			n.operators = 0
		}
	case hclsyntax.TokenComment, hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenQuotedLit:
	default:
		n.operators++
	}
}

// endsExpression says whether a newline ends an expression: it does in blocks and objects only.
func (n *nesting) endsExpression() bool {
	return len(n.open) == 0 || n.open[len(n.open)-1] == hclsyntax.TokenOBrace
}

func bigExponent(number []byte) bool {
	e := bytes.IndexAny(number, "eE")
	return e >= 0 && len(bytes.TrimLeft(number[e+1:], "+-0")) > 3
}
