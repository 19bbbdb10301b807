package config

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// The functions here turn one value of a file into one of ours, or say why that cannot be.

// orNil makes a reader of *T, for attributes where "not given" differs from every value.
func orNil[T any](read func(cty.Value) (T, *refusal)) func(cty.Value) (*T, *refusal) {
	return func(v cty.Value) (*T, *refusal) {
		got, r := read(v)
		return &got, r
	}
}

// is reports the type that a value must have; text that reads as a number or boolean will do, env.X is always text.
func is(v cty.Value, want cty.Type, noun string) (cty.Value, *refusal) {
	if got, err := convert.Convert(v, want); err == nil && got.IsKnown() && !got.IsNull() {
		return got, nil
	}
	return v, &refusal{cause: describe(v) + " is no " + noun}
}

// describe names a value for an error.
func describe(v cty.Value) string {
	switch t := v.Type(); {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return strconv.Quote(shorten(v.AsString()))
	case t == cty.Number:
		return v.AsBigFloat().Text('g', 12)
	case t == cty.Bool:
		return strconv.FormatBool(v.True())
	case t.IsObjectType() || t.IsMapType():
		return "an object"
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return "a list"
	}
	return "a " + v.Type().FriendlyName()
}

func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func asText(v cty.Value) (string, *refusal) {
	if !v.Type().IsPrimitiveType() || v.IsNull() {
		return "", &refusal{cause: describe(v) + " is no text", advice: `Write one text, "...".`}
	}
	got, r := is(v, cty.String, "text")
	if r != nil {
		return "", r
	}
	if strings.ContainsRune(got.AsString(), 0) {
		return "", &refusal{cause: "it has a NUL byte", advice: "The kernel ends every text there: remove it."}
	}
	return got.AsString(), nil
}

// asWord is a text that means something only when it is not empty.
func asWord(v cty.Value) (string, *refusal) {
	s, r := asText(v)
	if r == nil && strings.TrimSpace(s) == "" {
		return "", &refusal{cause: "it is empty", advice: "Write a value, or remove the line."}
	}
	return s, r
}

func asBool(v cty.Value) (bool, *refusal) {
	got, r := is(v, cty.Bool, "boolean")
	if r != nil {
		r.advice = "Write true or false."
		return false, r
	}
	return got.True(), nil
}

func asChoice(what string, choices ...string) func(cty.Value) (string, *refusal) {
	return func(v cty.Value) (string, *refusal) {
		s, r := asText(v)
		if r == nil && !slices.Contains(choices, s) {
			return "", &refusal{cause: fmt.Sprintf("%q is not known", s), advice: didYouMean(s, choices, what)}
		}
		return s, r
	}
}

func asNames(v cty.Value) ([]string, *refusal) {
	if t := v.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return nil, &refusal{cause: describe(v) + " is no list", advice: `Write ["..."], also for a single one.`}
	}
	return asElements(v, asWord)
}

// asElements reads every element of a list.
func asElements(v cty.Value, read func(cty.Value) (string, *refusal)) ([]string, *refusal) {
	texts := make([]string, 0, v.LengthInt())
	var refused *refusal
	for i, element := range v.AsValueSlice() {
		text, r := read(element)
		if r != nil {
			refused = refused.and(r.in(i, ""))
		}
		texts = append(texts, text)
	}
	return texts, refused
}

func asInteger(low, high int64) func(cty.Value) (int, *refusal) {
	return func(v cty.Value) (int, *refusal) {
		got, r := is(v, cty.Number, "number")
		if r != nil {
			return 0, rangeAdvice(r, low, high)
		}
		n, accuracy := got.AsBigFloat().Int64()
		if accuracy != big.Exact {
			return 0, rangeAdvice(&refusal{cause: describe(got) + " is no whole number of that size"}, low, high)
		}
		if n < low || n > high || n > math.MaxInt {
			return 0, rangeAdvice(&refusal{cause: fmt.Sprintf("%d is out of range", n)}, low, high)
		}
		return int(n), nil
	}
}

func rangeAdvice(r *refusal, low, high int64) *refusal {
	r.advice = fmt.Sprintf("Write a whole number from %d to %d.", low, high)
	return r
}

// asDuration reads a duration of at least low that is a multiple of step, the unit in which the kernel counts.
func asDuration(low, high, step time.Duration) func(cty.Value) (time.Duration, *refusal) {
	return func(v cty.Value) (time.Duration, *refusal) {
		d, r := parseDuration(v)
		switch {
		case r != nil:
			return 0, r
		case d < 0:
			return 0, &refusal{cause: fmt.Sprintf("%s is negative", d), advice: fmt.Sprintf(`The least is %q.`, low)}
		case d < low:
			return 0, &refusal{cause: fmt.Sprintf("%s is too short", d), advice: fmt.Sprintf(`The least is %q.`, low)}
		case d > high:
			return 0, &refusal{cause: fmt.Sprintf("%s is too long", d), advice: fmt.Sprintf(`The most is %q.`, high)}
		case d%step != 0:
			return 0, &refusal{cause: fmt.Sprintf("%s is not a multiple of %s", d, step), advice: "The kernel counts it in such steps."}
		}
		return d, nil
	}
}

// longest bounds durations that the kernel does not bound: beyond a year it is a mistake.
const longest = 365 * 24 * time.Hour

func parseDuration(v cty.Value) (time.Duration, *refusal) {
	s, r := asText(v)
	if r != nil {
		r.advice = `Write a duration with a unit, like "30s", "1m30s" or "500ms".`
		return 0, r
	}
	d, err := time.ParseDuration(s)
	switch {
	case s != "" && strings.Trim(s, "-+.0123456789") == "":
		return 0, &refusal{cause: fmt.Sprintf("%q has no unit", s), advice: fmt.Sprintf(`Write "%ss" for seconds, "%sms" for milliseconds.`, s, s)}
	case err != nil && strings.HasSuffix(s, "d"):
		return 0, &refusal{cause: fmt.Sprintf("%q is no duration", s), advice: `The longest unit is h: a day is "24h".`}
	case err != nil:
		return 0, &refusal{cause: fmt.Sprintf("%q is no duration", shorten(s)), advice: `Write numbers with units (h, m, s, ms, us), like "30s", "1m30s" or "500ms".`}
	}
	return d, nil
}

var sizeUnits = map[string]uint64{
	"": 1, "B": 1,
	"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

const sizeAdvice = `Write a whole number with a unit, like "64KiB", "64MiB" or "1GB", or bytes without one.`

func parseSize(v cty.Value) (uint64, *refusal) {
	s, r := asText(v)
	if r != nil {
		return 0, r
	}
	unit := strings.TrimLeft(s, "0123456789")
	factor, known := sizeUnits[unit]
	n, err := strconv.ParseUint(strings.TrimSuffix(s, unit), 10, 64)
	switch {
	case err == nil && !known && isUnit(unit):
		return 0, &refusal{cause: fmt.Sprintf("%q is no unit of size", unit), advice: sizeAdvice}
	case err != nil || !known:
		return 0, &refusal{cause: fmt.Sprintf("%q is no size", shorten(s)), advice: sizeAdvice}
	case n > math.MaxUint64/factor:
		return 0, &refusal{cause: fmt.Sprintf("%q is too large", s)}
	}
	return n * factor, nil
}

// isUnit says whether a text looks like a unit, as the K of 64K.
func isUnit(s string) bool {
	return len(s) <= 2 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
}

func asSize(low, high uint64) func(cty.Value) (int, *refusal) {
	return func(v cty.Value) (int, *refusal) {
		n, r := parseSize(v)
		if r == nil && (n < low || n > high) {
			r = &refusal{cause: fmt.Sprintf("%d bytes is out of range", n), advice: fmt.Sprintf("It can be %d to %d bytes.", low, high)}
		}
		return int(min(n, high)), r
	}
}

// asOctal reads permission bits. They must be text: 0660 without quotes is the decimal number 660 in HCL.
func asOctal(v cty.Value) (uint32, *refusal) {
	const advice = `Write permission bits in quotes, like "0660".`
	if v.Type() == cty.Number {
		return 0, &refusal{cause: "a number without quotes is decimal", advice: advice}
	}
	s, r := asText(v)
	if r != nil {
		r.advice = advice
		return 0, r
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0o"), 8, 32)
	if err != nil || n > 0o777 {
		return 0, &refusal{cause: fmt.Sprintf("%q is no octal number from 0 to 0777", shorten(s)), advice: advice}
	}
	return uint32(n), nil
}

func asSignal(v cty.Value) (string, *refusal) {
	s, r := asText(v)
	if r != nil {
		return "", r
	}
	name, err := ParseSignal(s)
	if err != nil {
		refused := err.(*refusal)
		return "", &refusal{cause: fmt.Sprintf("%q: %s", shorten(s), refused.cause), advice: sentence(refused.advice)}
	}
	return name, nil
}
