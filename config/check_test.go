package config

import (
	"fmt"
	"strings"
	"testing"
)

// The bounds on nesting are far above real files, and exact.
func TestNestingBounds(t *testing.T) {
	service := func(expr string) string {
		return "service \"a\" {\n  command = [\"x\"]\n  workers = " + expr + "\n}\n"
	}
	tests := []struct {
		name, text, want string
	}{
		{"brackets that fit", service(strings.Repeat("(", maxDepth-1) + "1" + strings.Repeat(")", maxDepth-1)), ""},
		{"one more bracket", service(strings.Repeat("(", maxDepth) + "1" + strings.Repeat(")", maxDepth)), "more than 100 brackets"},
		{"operators that fit", service("1" + strings.Repeat("*1", maxOperators-1)), ""},
		{"one more operator", service("1" + strings.Repeat("*1", maxOperators)), "more than 2000 operators"},
		{"digits that fit", service(strings.Repeat("0", maxDigits-1) + "1"), ""},
		{"one more digit", service(strings.Repeat("0", maxDigits) + "1"), "too long"},
		{"an exponent that fits", service("1e+002"), ""},
		{"an exponent too many", service("1e1000"), "too long"},
		{"lines that fit", "service \"a\" {\n  command = [\"x\", <<EOT\n" + strings.Repeat("x\n", maxLines-1) + "EOT\n  ]\n}\n", ""},
		{"one more line", "service \"a\" {\n  command = [\"x\", <<EOT\n" + strings.Repeat("x\n", maxLines+1) + "EOT\n  ]\n}\n", "more than 4096 lines"},
		{"many arguments", "service \"a\" {\n  command = [\"x\"" + strings.Repeat(`, "${service.name}"`, 5000) + "]\n}\n", ""},
		{"many variables", "service \"a\" {\n  command = [\"x\"]\n  environment = {\n" + variables(3000) + "  }\n}\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("app.hcl", []byte(test.text), host())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func variables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "    V%d = worker.index + %d\n", i, i)
	}
	return b.String()
}

func TestCycles(t *testing.T) {
	tests := []struct {
		name  string
		edges string // "a:b,c d:a"
		want  []string
	}{
		{"none", "a: b:a c:a,b d:c,b,a", nil},
		{"itself", "a:a", []string{`"a" → "a"`}},
		{"two", "a:b b:a", []string{`"a" → "b" → "a"`}},
		{"apart", "a:b b:a c:d d:c e:a,c", []string{`"a" → "b" → "a"`, `"c" → "d" → "c"`}},
		{"with a common part", "a:b,c b:d c:d d:a", []string{`"a" → "b" → "d" → "a"`}},
		{"behind a way in", "a:b b:c c:b", []string{`"b" → "c" → "b"`}},
		{"unknown names", "a:x b:a", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			for _, s := range strings.Fields(test.edges) {
				name, on, _ := strings.Cut(s, ":")
				fmt.Fprintf(&b, "service %q {\n  command = [\"x\"]\n  depends_on = [%s]\n}\n", name, quotedList(on))
			}
			_, err := Parse("app.hcl", []byte(b.String()), host())
			var got []string
			if err != nil {
				for _, p := range err.(*Error).Problems {
					if cycle, ok := strings.CutPrefix(p.Text, "cannot start in the order of depends_on: "); ok {
						got = append(got, cycle)
					}
				}
			}
			if strings.Join(got, "; ") != strings.Join(test.want, "; ") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func quotedList(names string) string {
	if names == "" {
		return ""
	}
	return `"` + strings.ReplaceAll(names, ",", `", "`) + `"`
}

// A chain as long as a file takes neither a stack nor time.
func TestLongChain(t *testing.T) {
	if _, err := Parse("app.hcl", manyServices(300), host()); err != nil {
		t.Error(err)
	}
	closed := strings.Replace(string(manyServices(300)), "depends_on  = []", `depends_on  = ["app-299"]`, 1)
	_, err := Parse("app.hcl", []byte(closed), host())
	if err == nil || len(err.(*Error).Problems) != 1 || !strings.Contains(err.Error(), `"app-0" → "app-299" → "app-298"`) {
		t.Errorf("%.300v", err)
	}
}

// After a syntax error, what is missing may be in the part that was not understood; values are checked all the same.
func TestBrokenFile(t *testing.T) {
	const text = `
listener "web" {
  address := "tcp://:80"
  backlog = 0
}
service "app" {
  command = [./app]
  listeners = ["web", "api"]
  ready { when = "http" }
  workers = -1
}
`
	_, err := Parse("app.hcl", []byte(text), host())
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, part := range []string{"app.hcl:3: cannot parse", "app.hcl:7: cannot parse", "backlog of listener \"web\": 0 is out", "workers of service \"app\": -1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in\n%v", part, err)
		}
	}
	for _, part := range []string{"it has no", "there is no listener", "needs url"} {
		if strings.Contains(err.Error(), part) {
			t.Errorf("there is %q in\n%v", part, err)
		}
	}
}

// Every option, by the networks that take it; one letter per network in the order of the header.
func TestOptionNetworks(t *testing.T) {
	columns := []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket", "vsock", "fifo"}
	table := map[string]string{
		//                   tttuuuuuuvf
		"mode":               "......xxx.x",
		"owner":              "......xxx.x",
		"group":              "......xxx.x",
		"ipv6_only":          "x.xx.x.....",
		"reuse_port":         "xxxxxx.....",
		"free_bind":          "xxxxxx.....",
		"transparent":        "xxxxxx.....",
		"bind_device":        "xxxxxx.....",
		"mark":               "xxxxxx.....",
		"keepalive":          "xxx........",
		"keepalive_idle":     "xxx........",
		"keepalive_interval": "xxx........",
		"keepalive_count":    "xxx........",
		"no_delay":           "xxx........",
		"defer_accept":       "xxx........",
		"fast_open":          "xxx........",
		"user_timeout":       "xxx........",
		"congestion":         "xxx........",
		"multipath":          "xxx........",
		"receive_buffer":     "xxxxxxxxx..",
		"send_buffer":        "xxxxxxxxx..",
		"tos":                "xxxxxx.....",
		"ttl":                "xxxxxx.....",
		"priority":           "xxxxxx.....",
		"pass_credentials":   "......xxx..",
		"broadcast":          "...xx......",
		"pipe_size":          "..........x",
	}
	if len(table) != len(optionNames)+3 {
		t.Errorf("%d options are tested, there are %d", len(table), len(optionNames)+3)
	}
	for name, row := range table {
		for i, network := range columns {
			if got := optionFit(name).has(Address{Network: network, Path: "/x"}); got != (row[i] == 'x') {
				t.Errorf("%s of %s: %v", name, network, got)
			}
		}
	}
	if optionFit("mode").has(Address{Network: "unix", Path: "@x"}) {
		t.Error("an abstract name has a mode")
	}
}

func TestReaches(t *testing.T) {
	tests := []struct {
		host, address string
		want          bool
	}{
		{"127.0.0.1", "tcp://:80", true}, {"10.1.2.3", "tcp://:80", true}, {"::1", "tcp://:80", true}, {"localhost", "tcp://:80", true},
		{"localhost", "tcp://127.0.0.1:80", true}, {"localhost", "tcp://10.1.2.3:80", false}, {"127.0.0.1", "tcp://127.0.0.1:80", true},
		{"127.0.0.2", "tcp://127.0.0.1:80", false}, {"127.0.0.1", "tcp://0.0.0.0:80", true}, {"localhost", "tcp4://0.0.0.0:80", true},
		{"example.com", "tcp://:80", false}, {"fe80::1%eth0", "tcp://[fe80::1%eth0]:80", true},
	}
	for _, test := range tests {
		a, err := ParseAddress(test.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := reaches(test.host, a); got != test.want {
			t.Errorf("%s and %s: %v", test.host, test.address, got)
		}
	}
}

func TestBadName(t *testing.T) {
	for name, want := range map[string]string{
		"a": "", "9p": "", "web-1.b_c": "", strings.Repeat("a", 63): "", strings.Repeat("a", 64): "64 bytes", "": "empty", "-a": "begins with '-'",
		".a": "begins", "a:b": "':'", "a b": "' '", "ä": "begins", "aä": "'ä'", "a\x00": `'\x00'`,
	} {
		if got := badName(name); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
