package config

import (
	"strings"
	"testing"
)

func TestParseTakeFrom(t *testing.T) {
	long := strings.Repeat("x", 108)
	tests := []struct {
		text string
		want TakeFrom
		err  string
	}{
		{"pid:1234", TakeFrom{Kind: "pid", PID: 1234}, ""},
		{"pid:4194304", TakeFrom{Kind: "pid", PID: 4194304}, ""},
		{"pidfile:run/nginx.pid", TakeFrom{Kind: "pidfile", Path: "run/nginx.pid"}, ""},
		{"haproxy:/run/h:1.sock", TakeFrom{Kind: "haproxy", Path: "/run/h:1.sock"}, ""},
		{"haproxy:@admin", TakeFrom{Kind: "haproxy", Path: "@admin"}, ""},
		{"s6-fdholder:/s", TakeFrom{Kind: "s6-fdholder", Path: "/s"}, ""},
		{"s6-fdholder:/s#a#b", TakeFrom{Kind: "s6-fdholder", Path: "/s", ID: "a#b"}, ""},
		{"", TakeFrom{}, "does not say from what"},
		{"1234", TakeFrom{}, "pid:1234"},
		{"pid:0", TakeFrom{}, "no process number"},
		{"pid:-1", TakeFrom{}, "no process number"},
		{"pid:+1", TakeFrom{}, "no process number"},
		{"pid:01", TakeFrom{}, "no process number"},
		{"pid:4194305", TakeFrom{}, "no process number"},
		{"pid:99999999999999999999", TakeFrom{}, "no process number"},
		{"pidfile:", TakeFrom{}, "no path"},
		{"pidfile:@name", TakeFrom{}, "no path"},
		{"pidfile:a\x00b", TakeFrom{}, "NUL"},
		{"haproxy:@", TakeFrom{}, "no path"},
		{"haproxy:/" + long, TakeFrom{}, "ENAMETOOLONG"},
		{"haproxy:@" + long, TakeFrom{}, "ENAMETOOLONG"},
		{"s6-fdholder:#a", TakeFrom{}, "no path"},
		{"s6-fdholder:/s#", TakeFrom{}, "identifier"},
		{"s6-fdholder:/s#" + strings.Repeat("x", 256), TakeFrom{}, "identifier"},
		{"s6:/s", TakeFrom{}, "cannot be taken"},
		{"PID:1", TakeFrom{}, `did you mean "pid"?`},
	}
	for _, test := range tests {
		got, err := ParseTakeFrom(test.text)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
		if err == nil && got.String() != test.text {
			t.Errorf("%q is written %q", test.text, got)
		}
	}
}

// FuzzTakeFrom: what is accepted is written so that it is read as the same again.
func FuzzTakeFrom(f *testing.F) {
	for _, k := range takeKinds {
		f.Add(k.example)
	}
	f.Add("pid:0")
	f.Add("s6-fdholder:@a##")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTakeFrom(text)
		if err != nil {
			if got != (TakeFrom{}) || err.Error() == "" {
				t.Fatalf("%+v beside %v", got, err)
			}
			return
		}
		if again, err := ParseTakeFrom(got.String()); err != nil || again != got {
			t.Fatalf("%q is %+v, written %q, read %+v, %v", text, got, got, again, err)
		}
		if (got.Kind == "pid") != (got.PID > 0) || (got.Kind == "pid") == (got.Path != "") || got.ID != "" && got.Kind != "s6-fdholder" {
			t.Fatalf("%q is %+v", text, got)
		}
	})
}
