package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// parse checks a text as such and gives its body; nil when it is not worth going on, which it has reported then.
func (r *report) parse(filename string, src []byte, isJSON bool) hcl.Body {
	r.files = map[string][]byte{filename: src}
	if !r.checkText(filename, src) {
		return nil
	}
	tokens, ok := r.tokens(filename, src, isJSON)
	if !ok {
		return nil
	}
	if at, cause := checkTokens(tokens); cause != "" {
		r.fail(placeAt(filename, src, at.Start.Byte), "cannot parse: "+cause, "Simplify it.")
		return nil
	}
	return r.parseChecked(filename, src, isJSON)
}

func (r *report) parseChecked(filename string, src []byte, isJSON bool) hcl.Body {
	parser := hclparse.NewParser()
	parse := parser.ParseHCL
	if isJSON {
		parse = parser.ParseJSON
	}
	parsed, diags := parse(src, filename)
	r.failHCL("cannot parse", diags)
	r.broken = diags.HasErrors()
	if parsed == nil || parsed.Body == nil {
		return nil
	}
	return parsed.Body
}

// checkText refuses what is no text of ours at all.
func (r *report) checkText(filename string, src []byte) bool {
	switch {
	case len(src) > maxFile:
		r.fail(place{Filename: filename}, "cannot use the file: it is longer than 16 MiB", "Is it a configuration?")
	case len(bytes.TrimSpace(src)) == 0:
		r.fail(place{Filename: filename}, "cannot use the file: it is empty", smallest)
	case isUTF16(src):
		r.fail(place{Filename: filename}, "cannot parse: the file is UTF-16", saveUTF8)
	case !utf8.Valid(src):
		r.fail(placeAt(filename, src, invalidByte(src)), "cannot parse: this is not UTF-8", "Save the file as UTF-8.")
	default:
		return true
	}
	return false
}

// withoutMark passes over the byte order mark that PowerShell 5 and old Notepad write before UTF-8, however often it is there: the
// parser passes over one as well, and its places are wrong then.
func withoutMark(src []byte) []byte { return bytes.TrimLeft(src, "\ufeff") }

// isUTF16 goes by the byte order mark, which what PowerShell 5 writes by itself has, or by the first character, which is ASCII in a
// file of ours.
func isUTF16(src []byte) bool {
	return len(src) >= 2 && (src[0] == 0xff && src[1] == 0xfe || src[0] == 0xfe && src[1] == 0xff || (src[0] == 0) != (src[1] == 0))
}

const saveUTF8 = "Save it as UTF-8, in PowerShell: (Get-Content FILE) | Set-Content FILE -Encoding utf8; elsewhere: iconv -f utf-16 -t utf-8 FILE"

// smallest is the advice for a file without content.
const smallest = `The smallest useful one is:
listener "web" {
  address = "tcp://:8080"
}
service "app" {
  command   = ["./app"]
  listeners = ["web"]
}`

func invalidByte(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}

// placeAt gives the place of one byte.
func placeAt(filename string, src []byte, offset int) place {
	offset = min(max(offset, 0), len(src))
	begin := bytes.LastIndexByte(src[:offset], '\n') + 1
	pos := hcl.Pos{
		Line:   1 + bytes.Count(src[:offset], []byte("\n")),
		Column: 1 + utf8.RuneCount(src[begin:offset]),
		Byte:   offset,
	}
	return place{Filename: filename, Start: pos, End: pos}
}

// tokens gives the tokens of a text for checkTokens; false after a problem that is reported.
func (r *report) tokens(filename string, src []byte, isJSON bool) (hclsyntax.Tokens, bool) {
	if !isJSON {
		tokens, _ := hclsyntax.LexConfig(src, filename, startOfFile)
		return tokens, true
	}
	tokens, offset, err := jsonTokens(src)
	if err != nil {
		r.fail(placeAt(filename, src, offset), "cannot parse: "+err.Error(), "The file name ends in .json, so this must be JSON.")
	}
	return tokens, err == nil
}

// jsonTokens walks over a JSON text without recursion and gives it as tokens of the native syntax, with those of the
// templates in its strings; of their places only the byte is filled in. It stops after the token that makes the nesting
// too deep.
func jsonTokens(src []byte) (tokens hclsyntax.Tokens, offset int, err error) {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	depth := 0
	for first := true; first || depth > 0; first = false {
		before := int(decoder.InputOffset())
		t, err := decoder.Token()
		if err != nil {
			return nil, jsonOffset(err, before), jsonCause(err)
		}
		at := place{Start: hcl.Pos{Byte: int(decoder.InputOffset()) - 1}}
		switch v := t.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[v]
			tokens = append(tokens, hclsyntax.Token{Type: hclsyntax.TokenType(v), Range: at})
		case json.Number:
			tokens = append(tokens, hclsyntax.Token{Type: hclsyntax.TokenNumberLit, Bytes: []byte(v), Range: at})
		case string:
			tokens = append(tokens, templateTokens(v, at)...)
		}
		if depth > maxDepth+1 {
			return tokens, 0, nil
		}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, int(decoder.InputOffset()), errors.New("there is text after the end of the JSON value")
	}
	return tokens, 0, nil
}

func templateTokens(s string, at place) hclsyntax.Tokens {
	inner, _ := hclsyntax.LexTemplate([]byte(s), at.Filename, at.Start)
	tokens := make(hclsyntax.Tokens, 0, len(inner)+1)
	for _, t := range inner {
		t.Range = at
		tokens = append(tokens, t)
	}
	return append(tokens, hclsyntax.Token{Type: hclsyntax.TokenComma, Range: at})
}

func jsonOffset(err error, before int) int {
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Offset > 0 {
		return int(syntax.Offset) - 1
	}
	return before
}

func jsonCause(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends in the middle of a JSON value")
	}
	return err
}
