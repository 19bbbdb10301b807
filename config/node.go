package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// node is a block that is being read.
type node struct {
	*reader
	shape   shape
	noun    string // what errors call it: listener "web"
	prefix  string // of its attributes in a difference: "ready."
	at      place  // its first line
	written written
	content *hcl.BodyContent
}

// open takes a body apart and reports everything in it that its shape does not have.
func (r *reader) open(kind, noun string, at place, body hcl.Body) *node {
	n := &node{reader: r, shape: shapes[kind], noun: noun, at: at, written: written{}}
	n.shape.kind = kind
	schema := &hcl.BodySchema{}
	for _, name := range n.shape.attributes {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	for _, name := range n.shape.blocks {
		header := hcl.BlockHeaderSchema{Type: name}
		if slices.Contains(labelled, name) {
			header.LabelNames = []string{"name"}
		}
		schema.Blocks = append(schema.Blocks, header)
	}
	content, remain, diags := n.named(body).PartialContent(schema)
	r.failHCL("cannot read "+noun, diags)
	n.content = content
	n.refuseRest(remain)
	r.checkBlock(kind, noun, at)
	n.checkSystem()
	return n
}

// refuseRest reports what is left of a body when everything known was taken.
func (n *node) refuseRest(remain hcl.Body) {
	native, ok := remain.(*hclsyntax.Body)
	if !ok {
		n.refuseProperties(remain)
		return
	}
	for name, attribute := range native.Attributes {
		if !slices.Contains(n.shape.attributes, name) {
			n.refuse("attribute", name, attribute.NameRange)
		}
	}
	for _, block := range native.Blocks {
		if !slices.Contains(n.shape.blocks, block.Type) {
			n.refuse("block", block.Type, block.TypeRange)
		}
	}
}

// named takes blocks out of a body that have a name too few or too many. JSON has names as properties, where the library
// finds what is wrong.
func (n *node) named(body hcl.Body) hcl.Body {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return body
	}
	good := *native
	good.Blocks = nil
	for _, b := range native.Blocks {
		want := 0
		if slices.Contains(labelled, b.Type) {
			want = 1
		}
		switch {
		case len(b.Labels) == want || !slices.Contains(n.shape.blocks, b.Type):
			good.Blocks = append(good.Blocks, b)
		case len(b.Labels) < want:
			n.fail(b.TypeRange, fmt.Sprintf("cannot use this %s: it has no name", b.Type), fmt.Sprintf(`Write %s "NAME" { ... }.`, b.Type))
		default:
			n.fail(b.LabelRanges[want], fmt.Sprintf("cannot use this %s: %q is one name too many", b.Type, b.Labels[want]), "Remove it.")
		}
	}
	return &good
}

// refuseProperties is for JSON, which does not tell attributes from blocks.
func (n *node) refuseProperties(remain hcl.Body) {
	properties, diags := remain.JustAttributes()
	if diags.HasErrors() { // a list of objects in place of one: the library knows better what it is
		_, diags = remain.Content(&hcl.BodySchema{})
		n.failHCL("cannot read "+n.noun, diags)
		return
	}
	for name, property := range properties {
		n.refuse("attribute", name, property.NameRange)
	}
}

func (n *node) refuse(what, name string, at place) {
	if slices.Contains(n.shape.later, name) {
		n.fail(at, fmt.Sprintf("cannot use %s of %s: not supported yet", name, n.noun), "Remove it.")
		return
	}
	n.fail(at, fmt.Sprintf("cannot use %s %q of %s: there is none of that name", what, name, n.noun), n.adviseName(what, name))
}

// adviseName guesses what was meant: the other kind of item, a name that is close, or a name of another block.
func (n *node) adviseName(what, name string) string {
	switch {
	case what == "attribute" && slices.Contains(n.shape.blocks, name):
		return fmt.Sprintf(`%q is a block: write %s { ... } without "=".`, name, name)
	case what == "block" && slices.Contains(n.shape.attributes, name):
		return fmt.Sprintf("%q is an attribute: write %s = ...", name, name)
	}
	if guess := suggest(name, slices.Concat(n.shape.attributes, n.shape.blocks)); guess != "" {
		return fmt.Sprintf("Did you mean %q?", guess)
	}
	if kinds := homes(name); len(kinds) > 0 {
		return fmt.Sprintf("%q belongs in the block %s.", name, strings.Join(kinds, " or "))
	}
	return didYouMean(name, slices.Concat(n.shape.attributes, n.shape.blocks), "names here")
}

// root is what errors call the file itself.
const root = "the file"

// one gives the block of that kind inside n; its attributes are written as kind.NAME. The node of a block that is not
// there is empty, so that every default is recorded alike.
func (n *node) one(kind string) *node {
	noun := kind + " of " + n.noun
	if n.noun == root {
		noun = kind
	}
	var first *hcl.Block
	for _, block := range n.content.Blocks {
		switch {
		case block.Type != kind:
		case first == nil:
			first = block
		default:
			n.fail(block.TypeRange, fmt.Sprintf("cannot use a second %s", noun), "The first one is at "+where(first.TypeRange)+": write one block with everything.")
		}
	}
	child := &node{reader: n.reader, shape: shape{kind: kind}, noun: noun, at: n.at, content: &hcl.BodyContent{}}
	if first != nil {
		child = n.open(kind, noun, first.TypeRange, first.Body)
	}
	child.prefix, child.written = n.prefix+kind+".", n.written
	return child
}

// has gives the place of an attribute's name, false when it is not given; null is the same, as everywhere in HCL.
func (n *node) has(name string) (place, bool) {
	if a := n.content.Attributes[name]; a != nil && !isNull(a.Expr) {
		return a.NameRange, true
	}
	return place{}, false
}

// failAt reports a problem of an attribute at its value; of one that is not given, at the block.
func (n *node) failAt(name, cause, advice string) {
	at := n.at
	if a := n.content.Attributes[name]; a != nil {
		at = a.Expr.Range()
	}
	n.failValue(name, at, cause, advice)
}

func (n *node) failValue(name string, at place, cause, advice string) {
	n.fail(at, fmt.Sprintf("cannot use %s of %s: %s", name, n.noun, cause), advice)
}
