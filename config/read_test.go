package config

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

var (
	text   = cty.StringVal
	number = cty.NumberIntVal
	null   = cty.NullVal(cty.DynamicPseudoType)
	many   = cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})
	object = cty.ObjectVal(map[string]cty.Value{"A": cty.StringVal("b")})
)

// reading is one value given to a reader: what comes out, or a part of what is wrong with it.
type reading[T any] struct {
	value   cty.Value
	want    T
	refused string
}

func checkReadings[T comparable](t *testing.T, name string, read func(cty.Value) (T, *refusal), tests []reading[T]) {
	t.Helper()
	for _, test := range tests {
		got, r := read(test.value)
		switch {
		case r == nil && test.refused != "":
			t.Errorf("%s of %s: got %v, want an error with %q", name, describe(test.value), got, test.refused)
		case r == nil && got != test.want:
			t.Errorf("%s of %s: got %v, want %v", name, describe(test.value), got, test.want)
		case r != nil && (test.refused == "" || !strings.Contains(r.cause+" "+r.advice, test.refused)):
			t.Errorf("%s of %s: refused with %q %q, want %q", name, describe(test.value), r.cause, r.advice, test.refused)
		}
	}
}

func TestReadText(t *testing.T) {
	checkReadings(t, "text", asText, []reading[string]{
		{text("a"), "a", ""}, {text(""), "", ""}, {number(5), "5", ""}, {cty.NumberFloatVal(1.5), "1.5", ""}, {cty.True, "true", ""},
		{many, "", "a list is no text"}, {object, "", "an object is no text"}, {null, "", "null is no text"}, {text("a\x00"), "", "NUL"},
	})
	checkReadings(t, "word", asWord, []reading[string]{{text("a"), "a", ""}, {text(""), "", "empty"}, {text(" \t"), "", "empty"}})
	checkReadings(t, "account", asAccount, []reading[string]{
		{text("www-data"), "www-data", ""}, {number(1000), "1000", ""}, {text("a:b"), "", "no name"}, {text("a b"), "", "no name"}, {text("a/b"), "", "no name"},
	})
	checkReadings(t, "choice", asChoice("colours", "red", "blue"), []reading[string]{
		{text("red"), "red", ""}, {text("rde"), "", `Did you mean "red"?`}, {text("green"), "", `Colours are "red", "blue".`}, {many, "", "a list"},
	})
}

func TestReadBool(t *testing.T) {
	checkReadings(t, "boolean", asBool, []reading[bool]{
		{cty.True, true, ""}, {cty.False, false, ""}, {text("true"), true, ""}, {text("false"), false, ""},
		{text("yes"), false, "Write true or false."}, {number(1), false, "1 is no boolean"}, {many, false, "a list is no boolean"},
	})
}

func TestReadInteger(t *testing.T) {
	checkReadings(t, "integer", asInteger(1, 100), []reading[int]{
		{number(1), 1, ""}, {number(100), 100, ""}, {text("50"), 50, ""}, {text("1e1"), 10, ""},
		{number(0), 0, "0 is out of range"}, {number(101), 0, "from 1 to 100"}, {number(-1), 0, "-1 is out of range"},
		{cty.NumberFloatVal(1.5), 0, "1.5 is no whole number"}, {text("x"), 0, `"x" is no number`}, {text(""), 0, "no number"},
		{cty.True, 0, "true is no number"}, {many, 0, "a list is no number"}, {cty.MustParseNumberVal("1e30"), 0, "no whole number of that size"},
	})
	checkReadings(t, "backlog", asBacklog, []reading[int]{
		{text("max"), 0, ""}, {number(1), 1, ""}, {text("128"), 128, ""}, {number(math.MaxInt32), math.MaxInt32, ""},
		{number(0), 0, `"max"`}, {number(math.MaxInt32 + 1), 0, "out of range"}, {text("MAX"), 0, "no number"},
	})
	checkReadings(t, "mark", asMark, []reading[uint32]{
		{number(16), 16, ""}, {text("0x10"), 16, ""}, {text("0xffffffff"), math.MaxUint32, ""}, {number(0), 0, ""},
		{text("0x100000000"), 0, "32 bits"}, {number(-1), 0, "32 bits"}, {text("x"), 0, "32 bits"},
	})
}

func TestReadMax(t *testing.T) {
	checkReadings(t, "memory", asMemory, []reading[uint64]{
		{text("512MiB"), 512 << 20, ""}, {number(1 << 20), 1 << 20, ""}, {text("1023KiB"), 0, "less than any program needs"}, {text("-1"), 0, "no size"},
	})
	checkReadings(t, "CPUs", asCPUs, []reading[float64]{
		{text("50%"), 0.5, ""}, {text("1.5"), 1.5, ""}, {cty.NumberFloatVal(1.5), 1.5, ""}, {number(2), 2, ""}, {text("200%"), 2, ""}, {text("1%"), 0.01, ""},
		{text("0.9%"), 0, "out of range"}, {number(0), 0, "out of range"}, {text("9000"), 0, "out of range"}, {number(-1), 0, "no number of CPUs"},
		{text("1e3"), 0, "no number of CPUs"}, {text("inf"), 0, "no number of CPUs"}, {text("NaN%"), 0, "no number of CPUs"}, {text("1.2.3"), 0, "no number of CPUs"},
		{text("%"), 0, "no number of CPUs"}, {text(""), 0, "no number of CPUs"}, {text("50 %"), 0, "no number of CPUs"}, {many, 0, "a list is no text"},
	})
}

func TestReadDuration(t *testing.T) {
	checkReadings(t, "duration", asDuration(time.Second, time.Hour, time.Second), []reading[time.Duration]{
		{text("1s"), time.Second, ""}, {text("1m30s"), 90 * time.Second, ""}, {text("1h"), time.Hour, ""}, {text("2000ms"), 2 * time.Second, ""},
		{text("0s"), 0, "too short"}, {text("-5s"), 0, "negative"}, {text("2h"), 0, "too long"}, {text("1500ms"), 0, "not a multiple of 1s"},
		{number(30), 0, `Write "30s" for seconds`}, {text("30"), 0, "no unit"}, {text("-5"), 0, "no unit"}, {text("1.5"), 0, "no unit"},
		{text("1d"), 0, `a day is "24h"`}, {text("soon"), 0, "no duration"}, {text(""), 0, "no duration"}, {text("5 s"), 0, "no duration"},
		{text("9999999999h"), 0, "no duration"}, {many, 0, "unit"},
	})
	checkReadings(t, "duration", asDuration(0, longest, 1), []reading[time.Duration]{
		{text("0s"), 0, ""}, {text("1ns"), 1, ""}, {text("8760h"), longest, ""}, {text("8760h1ns"), 0, "too long"},
	})
}

func TestReadSize(t *testing.T) {
	checkReadings(t, "size", parseSize, []reading[uint64]{
		{number(0), 0, ""}, {number(65536), 65536, ""}, {text("64KiB"), 65536, ""}, {text("64kB"), 64000, ""}, {text("64KB"), 64000, ""},
		{text("1MiB"), 1 << 20, ""}, {text("1MB"), 1e6, ""}, {text("2GiB"), 2 << 30, ""}, {text("1GB"), 1e9, ""}, {text("1TiB"), 1 << 40, ""},
		{text("1TB"), 1e12, ""}, {text("5B"), 5, ""}, {text("18446744073709551615"), math.MaxUint64, ""},
		{text("64K"), 0, `"K" is no unit of size`}, {text("64 MiB"), 0, "no size"}, {text("MiB"), 0, "no size"}, {text(""), 0, "no size"},
		{text("-1"), 0, "no size"}, {cty.NumberFloatVal(1.5), 0, "no size"}, {text("16777216TiB"), 0, "too large"}, {text("18446744073709551616"), 0, "no size"},
		{many, 0, "a list"},
	})
	checkReadings(t, "bounded size", asSize(10, 20), []reading[int]{
		{number(10), 10, ""}, {text("20B"), 20, ""}, {number(9), 0, "10 to 20 bytes"}, {text("1KiB"), 0, "1024 bytes is out of range"},
	})
}

func TestReadOctal(t *testing.T) {
	checkReadings(t, "octal", asOctal, []reading[uint32]{
		{text("0660"), 0o660, ""}, {text("660"), 0o660, ""}, {text("0o660"), 0o660, ""}, {text("0"), 0, ""}, {text("777"), 0o777, ""},
		{number(660), 0, "decimal"}, {text("0888"), 0, "octal"}, {text("1777"), 0, "octal"}, {text("rw"), 0, "octal"}, {text(""), 0, "octal"}, {many, 0, "quotes"},
	})
	checkReadings(t, "mode", asMode, []reading[uint32]{{text("0600"), 0o600, ""}, {text("000"), 0, "nobody"}})
}

func TestReadSignal(t *testing.T) {
	checkReadings(t, "signal", asStopSignal, []reading[string]{
		{text("quit"), "SIGQUIT", ""}, {number(10), "SIGUSR1", ""}, {text("SIGKILL"), "SIGKILL", ""},
		{text("SIGSTOP"), "", "ends no process"}, {text("CHLD"), "", "ends no process"}, {text("TREM"), "", `Did you mean "SIGTERM"?`}, {many, "", "a list"},
	})
}

func TestReadLimit(t *testing.T) {
	read := func(resource string, number func(cty.Value) (uint64, *refusal)) func(cty.Value) (Limit, *refusal) {
		return func(v cty.Value) (Limit, *refusal) {
			l, r := asLimit(v, resource, number)
			if r != nil {
				return Limit{}, r
			}
			return *l, nil
		}
	}
	checkReadings(t, "nproc", read("nproc", asCount), []reading[Limit]{
		{number(10), Limit{"nproc", 10, 10}, ""}, {text("5:10"), Limit{"nproc", 5, 10}, ""}, {text("5:unlimited"), Limit{"nproc", 5, unlimited}, ""},
		{text("unlimited"), Limit{"nproc", unlimited, unlimited}, ""}, {number(0), Limit{"nproc", 0, 0}, ""},
		{text("10:5"), Limit{}, "above the hard one"}, {text("unlimited:5"), Limit{}, "above the hard one"}, {text("5:"), Limit{}, "no number"},
		{text(":5"), Limit{}, "no number"}, {text("1:2:3"), Limit{}, "no number"}, {number(-1), Limit{}, "out of range"},
	})
	checkReadings(t, "nofile", read("nofile", asCount), []reading[Limit]{
		{number(1024), Limit{"nofile", 1024, 1024}, ""}, {text("unlimited"), Limit{}, "EPERM"}, {text("5:unlimited"), Limit{}, "EPERM"},
	})
	checkReadings(t, "core", read("core", parseSize), []reading[Limit]{
		{text("1MiB:1GB"), Limit{"core", 1 << 20, 1e9}, ""}, {text("unlimited"), Limit{"core", unlimited, unlimited}, ""}, {text("1M"), Limit{}, "no unit"},
	})
}

func TestReadOutput(t *testing.T) {
	n := &node{reader: &reader{paths: paths{folder: "/etc"}}}
	checkReadings(t, "output", n.asOutput, []reading[Output]{
		{text("prefix"), Output{Kind: "prefix"}, ""}, {text("inherit"), Output{Kind: "inherit"}, ""}, {text("null"), Output{Kind: "null"}, ""},
		{text("file:///var/log/a"), Output{"file", "/var/log/a"}, ""}, {text("file://a"), Output{"file", "/etc/a"}, ""},
		{text("file://../a"), Output{"file", "/a"}, ""},
		{text("file"), Output{}, "file://PATH"}, {text("file://"), Output{}, "names no file"}, {text("file:///"), Output{}, "names no file"},
		{text("/var/log/a"), Output{}, "file:///var/log/a"}, {text("stdout"), Output{}, "Outputs are"}, {text(""), Output{}, "not known"}, {many, Output{}, "a list"},
	})
}

func TestReadNames(t *testing.T) {
	tests := []struct {
		value cty.Value
		want  int
		parts []string // of each refusal
	}{
		{many, 2, nil},
		{cty.EmptyTupleVal, 0, nil},
		{cty.ListVal([]cty.Value{text("a")}), 1, nil},
		{text("a"), 0, []string{"is no list"}},
		{object, 0, []string{"is no list"}},
		{cty.TupleVal([]cty.Value{text(""), text("a"), null, many}), 0, []string{"element 1: it is empty", "element 3: null", "element 4: a list"}},
	}
	for _, test := range tests {
		names, r := asNames(test.value)
		if r == nil && len(names) != test.want {
			t.Errorf("%s: got %q", describe(test.value), names)
		}
		if len(r.all()) != len(test.parts) {
			t.Fatalf("%s: refused %d times", describe(test.value), len(r.all()))
		}
		for i, part := range r.all() {
			if !strings.Contains(part.cause, test.parts[i]) {
				t.Errorf("%s: got %q, want %q", describe(test.value), part.cause, test.parts[i])
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	tests := []struct {
		value cty.Value
		want  string
	}{
		{null, "null"}, {text("a\n"), `"a\n"`}, {number(5), "5"}, {cty.NumberFloatVal(0.1), "0.1"}, {cty.True, "true"}, {many, "a list"},
		{object, "an object"}, {cty.MapVal(map[string]cty.Value{"a": text("b")}), "an object"}, {cty.SetVal([]cty.Value{text("a")}), "a list"},
		{text(strings.Repeat("é", 100)), `"` + strings.Repeat("é", 30) + `..."`},
	}
	for _, test := range tests {
		if got := describe(test.value); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
