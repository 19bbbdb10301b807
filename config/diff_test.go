package config

import (
	"strings"
	"testing"
)

const diffFile = `
listener "web" {
  address = "tcp://:8080"
  backlog = 128
}
listener "api" { address = "tcp://:8081" }
service "app" {
  command   = ["./app", "--fd", "${listener.web.fd}"]
  listeners = ["web"]
  environment = {
    A = "1"
    B = env.HOME
  }
  stop { timeout = "1m" }
}
service "db" {
  command = ["db"]
}
log { level = "info" }
`

func TestDiff(t *testing.T) {
	tests := []struct {
		name string
		edit []string // pairs of old and new text
		want string   // of String, "" for no change
	}{
		{"nothing", nil, ""},
		{"a comment", []string{`backlog = 128`, "# more\n  backlog = 128 // of clients"}, ""},
		{"blanks", []string{`["./app", "--fd", "${listener.web.fd}"]`, "[\n    \"./app\",\n    \"--fd\", # descriptor\n    \"${listener.web.fd}\",\n  ]"}, ""},
		{"order of attributes", []string{"  address = \"tcp://:8080\"\n  backlog = 128", "  backlog = 128\n  address = \"tcp://:8080\""}, ""},
		{"order of blocks", []string{"listener \"api\" { address = \"tcp://:8081\" }\n", "", "log {", "listener \"api\" { address = \"tcp://:8081\" }\nlog {"}, ""},
		{"order of the environment", []string{"    A = \"1\"\n    B = env.HOME", "    B = env.HOME\n    A = \"1\""}, ""},
		{"the same duration", []string{`"1m"`, `"60s"`}, ""},
		{"the same number", []string{`backlog = 128`, `backlog = "128"`}, ""},
		{"the same address", []string{`"tcp://:8080"`, `"tcp://[::]:8080"`}, ""},
		{"the default, written", []string{`stop {`, "workers = 1\n  stop {"}, ""},
		{"the default, removed", []string{`log { level = "info" }`, ""}, ""},
		{"a backlog", []string{`backlog = 128`, `backlog = 4096`}, "~ listener \"web\"\n  ~ backlog = 128 → 4096"},
		{"a removed attribute", []string{`backlog = 128`, ``}, "~ listener \"web\"\n  - backlog = 128"},
		{"an added attribute", []string{`backlog = 128`, "backlog = 128\n  no_delay = false"}, "~ listener \"web\"\n  + no_delay = false"},
		{"an address", []string{`tcp://:8080`, `tcp://127.0.0.1:8080`}, "~ listener \"web\"\n  ~ address = \"tcp://:8080\" → \"tcp://127.0.0.1:8080\""},
		{"a command", []string{`"--fd"`, `"--fds"`}, "~ service \"app\"\n  ~ command = [\"./app\", \"--fd\", \"${listener.web.fd}\"] → [\"./app\", \"--fds\", \"${listener.web.fd}\"]"},
		{"joined arguments", []string{`"./app", "--fd"`, `"./app--fd"`}, "~ service \"app\"\n  ~ command = [\"./app\", \"--fd\", \"${listener.web.fd}\"] → [\"./app--fd\", \"${listener.web.fd}\"]"},
		{"a blank in a text", []string{`"--fd"`, `"--fd "`}, "~ service \"app\"\n  ~ command = [\"./app\", \"--fd\", \"${listener.web.fd}\"] → [\"./app\", \"--fd \", \"${listener.web.fd}\"]"},
		{"two blanks in a text", []string{`"--fd"`, `"-  fd"`}, "~ service \"app\"\n  ~ command = [\"./app\", \"--fd\", \"${listener.web.fd}\"] → [\"./app\", \"-  fd\", \"${listener.web.fd}\"]"},
		{"a heredoc", []string{`command = ["db"]`, "command = [\"db\", <<-EOT\n    a\n    b\n  EOT\n  ]"}, "~ service \"db\"\n  ~ command = [\"db\"] → [\"db\", <<-EOT\\n    a\\n    b\\n  EOT]"},
		{"one variable", []string{`A = "1"`, `A = "2"`}, "~ service \"app\"\n  ~ environment.A = \"1\" → \"2\""},
		{"variables", []string{`A = "1"`, `C = "1"`}, "~ service \"app\"\n  - environment.A = \"1\"\n  + environment.C = \"1\""},
		{"in a block", []string{`"1m"`, `"2m"`}, "~ service \"app\"\n  ~ stop.timeout = \"1m\" → \"2m\""},
		{"a new block", []string{`command = ["db"]`, "command = [\"db\"]\n  hooks {\n    before_start = [\"x\"]\n  }\n  limits {\n    nofile = 10\n  }"}, "~ service \"db\"\n  + hooks.before_start = [\"x\"]\n  + limits.nofile = 10"},
		{"a removed block", []string{`stop { timeout = "1m" }`, ""}, "~ service \"app\"\n  - stop.timeout = \"1m\""},
		{"an added service", []string{`log {`, "service \"new\" {\n  command = [\"n\"]\n}\nlog {"}, "+ service \"new\""},
		{"removed blocks", []string{"service \"db\" {\n  command = [\"db\"]\n}\n", "", `listener "api" { address = "tcp://:8081" }`, ""}, "- listener \"api\"\n- service \"db\""},
		{"a renamed service", []string{`service "db"`, `service "database"`}, "+ service \"database\"\n- service \"db\""},
		{"log", []string{`"info"`, `"debug"`}, "~ log"},
		{"control", []string{`log {`, "control {\n  mode = \"0600\"\n}\nlog {"}, "~ control"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			edited := diffFile
			for i := 0; i < len(test.edit); i += 2 {
				if !strings.Contains(edited, test.edit[i]) {
					t.Fatalf("no %q in the file", test.edit[i])
				}
				edited = strings.Replace(edited, test.edit[i], test.edit[i+1], 1)
			}
			changes := Diff(mustParse(t, diffFile, host()), mustParse(t, edited, host()))
			if got := changes.String(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if changes.Empty() != (test.want == "") {
				t.Errorf("Empty is %v", changes.Empty())
			}
		})
	}
}

func mustParse(t testing.TB, text string, host Host) *Config {
	t.Helper()
	c, err := Parse("app.hcl", []byte(text), host)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The text of an attribute can stay and mean something else.
func TestDiffOfValues(t *testing.T) {
	const file = "listener \"web\" {\n  address = \"tcp://:${env.PORT}\"\n}\nservice \"app\" {\n  command = [\"app\"]\n  workers = cpus\n}\n"
	old := mustParse(t, file, Host{System: "linux", Environ: []string{"PORT=80"}, CPUs: 2})
	same := mustParse(t, file, Host{System: "linux", Environ: []string{"PORT=80"}, CPUs: 2})
	other := mustParse(t, file, Host{System: "linux", Environ: []string{"PORT=81"}, CPUs: 4})
	if changes := Diff(old, same); !changes.Empty() {
		t.Error(changes)
	}
	want := "~ listener \"web\"\n  ~ address = tcp://[::]:80 → tcp://[::]:81\n~ service \"app\"\n  ~ workers = 2 → 4"
	if got := Diff(old, other).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Both forms of a file are the same configuration.
func TestDiffOfJSON(t *testing.T) {
	native, err := parseFile(t, "testdata/good/smallest.hcl")
	if err != nil {
		t.Fatal(err)
	}
	other, err := parseFile(t, "testdata/good/smallest.json")
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(native, other); !changes.Empty() {
		t.Error(changes)
	}
}

func TestDiffServes(t *testing.T) {
	const text = `
listener "web" { address = "tcp://:80" }
serve "holder" {
  protocol  = "s6-fdholder"
  address   = "unix:///run/holder.sock"
  listeners = ["web"]
}
`
	old := mustParse(t, text, host())
	tests := []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"order and spelling", `listeners = ["web"]`, "mode = null\n  listeners = [\n\"web\",\n]", ""},
		{"users", `listeners = ["web"]`, "listeners = [\"web\"]\n  users = [33]\n  store = [\"a.*\"]", "~ serve \"holder\"\n  + store = [\"a.*\"]\n  + users = [33]"},
		{"another name", `"holder"`, `"other"`, "+ serve \"other\"\n- serve \"holder\""},
		{"taken from", `address = "tcp://:80"`, "address = \"tcp://:80\"\n take_from = \"pid:7\"\n", "~ listener \"web\"\n  + take_from = \"pid:7\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes := Diff(old, mustParse(t, multiline(strings.Replace(text, test.old, test.new, 1)), host()))
			if got := changes.String(); got != test.want || changes.Empty() != (test.want == "") {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// multiline gives a block of one line that has got a second attribute its lines.
func multiline(text string) string {
	if strings.Contains(text, "take_from") {
		text = strings.Replace(text, "{ address", "{\n address", 1)
	}
	return text
}
