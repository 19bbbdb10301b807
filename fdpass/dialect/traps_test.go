package dialect

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// TestTraps compares with testdata/traps.golden: a line "# dialects: circumstances", then a sentence a line.
func TestTraps(t *testing.T) {
	web, four, path := tcp("web", "", 8080), Socket{Name: "four", Network: "tcp4", Host: "127.0.0.1", Port: 80}, unixAt("php", "/run/php.sock")
	all := []Socket{web, four, path}
	var b strings.Builder
	for _, c := range []struct {
		names string
		in    Input
	}{
		{"systemd", Input{Sockets: all}},
		{"systemd", Input{Sockets: all, Command: []string{"./app"}}},
		{"systemd", Input{Sockets: all, Command: []string{"/bin/sh", "-c", "migrate; ./app"}}},
		{"systemd", Input{Sockets: all, Command: []string{"bash", "-ec", "migrate; exec ./app"}}},
		{"systemd", Input{Sockets: all, Command: []string{"bash", "start.sh"}}},
		{"systemd", Input{Sockets: all, Command: []string{"sh", "-c", "./app"}, ListenPID: "omit"}},
		{"systemd", Input{Sockets: all, Command: []string{"npm", "start"}}},
		{"systemd", Input{Sockets: all, Command: []string{"sudo", "-u", "www", "./app"}}},
		{"systemd", Input{Command: []string{"npm", "start"}}},
		{"systemd", Input{Sockets: all, Command: []string{"docker", "run", "x"}}},
		{"systemd", Input{Sockets: all, Command: []string{"podman", "run", "x"}}},
		{"systemd", Input{Sockets: all, Command: []string{"podman", "stats"}}},
		{"systemd", Input{Sockets: all, Command: []string{"bundle", "exec", "puma"}}},
		{"systemd", Input{Sockets: all, Command: []string{"/usr/sbin/lighttpd", "-D"}, ListenPID: "parent"}},
		{"systemd", Input{Sockets: all, Command: []string{"apache2", "-DFOREGROUND"}}},
		{"systemd", Input{Sockets: all, Command: []string{"./app"}, ListenPID: "parent"}},
		{"einhorn", Input{Sockets: all, Command: []string{"sh", "-c", "./app"}}},
		{"einhorn", Input{Sockets: all, RuntimeDir: "/" + strings.Repeat("x", 110)}},
		{"einhorn", Input{Sockets: all, RuntimeDir: "/run/w"}},
		{"server-starter", Input{Sockets: all, Command: []string{"h2o", "-c", "h2o.conf"}}},
		{"server-starter", Input{Sockets: all, Command: []string{"plackup"}}},
		{"nginx", Input{Sockets: all}},
		{"angie", Input{Sockets: all[:1]}},
		{"php-fpm", Input{Sockets: all}},
		{"php-fpm", Input{Sockets: all[:1]}},
		{"unicorn", Input{Sockets: all}},
		{"puma", Input{Sockets: all}},
		{"gunicorn", Input{Sockets: all}},
		{"nghttpx", Input{Sockets: all}},
		{"nghttpx", Input{Sockets: all[2:]}},
		{"tableflip", Input{Sockets: all, StopSignal: "SIGHUP"}},
		{"tableflip", Input{Sockets: all[:1], StopSignal: "SIGTERM"}},
		{"overseer", Input{Sockets: all, StopSignal: "SIGTERM"}},
		{"overseer", Input{Sockets: all, StopSignal: "SIGUSR2"}},
		{"overseer", Input{Sockets: all}},
		{"endless", Input{Sockets: all[:2]}},
		{"endless", Input{Sockets: all[:1]}},
		{"grace", Input{Sockets: all}},
		{"circus", Input{Sockets: all, Command: []string{"app", "$(circus.sockets.WEB)", "((circus.sockets.four))"}}},
		{"circus", Input{Sockets: all}},
		{"none", Input{Sockets: all}},
		{"systemd,einhorn,server-starter", Input{Sockets: all, Command: []string{"sh", "-c", "./app"}}},
		{"nginx", Input{}},
		{"launchd", Input{Sockets: all}},
	} {
		var names []string
		for _, s := range c.in.Sockets {
			names = append(names, s.Name)
		}
		b.WriteString("# " + c.names + ": " + strings.Join(names, " ") + "; " + strings.Join(append(c.in.Command, c.in.ListenPID, c.in.StopSignal), " ") + "\n")
		for _, sentence := range Traps(strings.Split(c.names, ","), c.in) {
			b.WriteString(sentence + "\n")
		}
		for _, sentence := range Notes(strings.Split(c.names, ","), c.in) {
			b.WriteString("note: " + sentence + "\n")
		}
	}
	const golden = "testdata/traps.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("traps (-want +got; -update writes them):\n%s", diff)
	}
}
