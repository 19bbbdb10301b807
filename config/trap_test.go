package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// warningsOf gives what a service with these lines is warned of, without the advice.
func warningsOf(t *testing.T, preset, address, lines string) []string {
	t.Helper()
	const text = "listener \"web\" {\n  address = %q\n}\nservice \"app\" {\n  preset = %q\n  listeners = [\"web\"]\n  %s\n}\n"
	c := mustParse(t, fmt.Sprintf(text, address, preset, lines), host())
	var short []string
	for _, w := range c.Warnings {
		first, _, _ := strings.Cut(w, "\n")
		_, first, _ = strings.Cut(first, `service "app": `)
		short = append(short, first)
	}
	return short
}

// A pid file is nobody's when every generation has its own.
func TestTrapOfPIDFiles(t *testing.T) {
	const deletes = "the old nginx deletes the pid file of the new one when it quits"
	tests := []struct {
		name, preset, lines string
		want                []string
	}{
		{"none named, one needed", "nginx", `command = ["nginx"]`, []string{deletes}},
		{"the same", "nginx", `command = ["nginx", "-g", "pid /run/nginx.pid;"]`, []string{deletes}},
		{"of the worker", "nginx", `command = ["nginx", "-g", "pid ${worker.runtime_dir}/p;"]`, nil},
		{"of the generation", "nginx", `command = ["nginx", "-g", "pid /run/nginx-${generation}.pid;"]`, nil},
		{"something else differs", "nginx", `command = ["nginx", "-p", "/srv", "-e", "/var/log/${generation}", "-g", "pid /run/nginx.pid;"]`, []string{deletes}},
		{"after the other is gone", "nginx", "command = [\"nginx\"]\n rollout { strategy = \"replace\" }", nil},
		{"worker by worker", "nginx", "command = [\"nginx\"]\n rollout { strategy = \"rolling\" }", []string{deletes}},
		{"none named, none needed", "gunicorn", `command = ["gunicorn", "app"]`, nil},
		{"named", "gunicorn", `command = ["gunicorn", "--pid=/run/g.pid", "app"]`, []string{"Gunicorn refuses to start while the pid file names one that runs"}},
		{"named in two words", "gunicorn", `command = ["gunicorn", "-p", "${worker.runtime_dir}/g.pid", "app"]`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := warningsOf(t, test.preset, "tcp4://:80", test.lines); !slices.Equal(got, test.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestTrapOfAddresses(t *testing.T) {
	const nginx, traefik, fpm = `command = ["nginx", "-g", "pid ${generation}.pid;"]`, `command = ["traefik"]`, `command = ["php-fpm8.2", "-F"]`
	tests := []struct {
		preset, address, lines string
		warned                 bool
	}{
		{"nginx", "tcp://:80", nginx, true},
		{"nginx", "tcp://[::]:80", nginx, true},
		{"nginx", "tcp4://:80", nginx, false},
		{"nginx", "tcp6://:80", nginx, false},
		{"nginx", "tcp://0.0.0.0:80", nginx, false},
		{"nginx", "unix:///run/a.sock", nginx, false},
		{"traefik", "tcp://:80", traefik, false},
		{"traefik", "udp://:80", traefik, false},
		{"traefik", "unix:///run/a.sock", traefik, true},
		{"traefik", "unix://@a", traefik, true},
		{"php-fpm", "tcp://127.0.0.1:9000", fpm, false},
		{"php-fpm", "unix:///run/a.sock", fpm, true},
		{"php-fpm", "unix://@a", fpm, false},
	}
	for _, test := range tests {
		if got := warningsOf(t, test.preset, test.address, test.lines); (len(got) > 0) != test.warned {
			t.Errorf("%s at %s: %q", test.preset, test.address, got)
		}
	}
}

func TestTrapOfCommands(t *testing.T) {
	tests := []struct {
		preset, lines string
		want          int
	}{
		{"uwsgi", `command = ["uwsgi", "--ini", "a.ini"]`, 0},
		{"uwsgi", `command = ["uwsgi", "--master"]`, 1},
		{"uwsgi", `command = ["uwsgi"]`, 2},
		{"uwsgi", `command = ["sh", "-c", "exec uwsgi --master --hook-master-start 'unix_signal:15 gracefully_kill_them_all'"]`, 0},
		{"haproxy", `command = ["haproxy", "-Ws", "-x", "${worker.runtime_dir}/haproxy.sock"]`, 0},
		{"haproxy", "command = [\"haproxy\", \"-W\"]\n handoff = [\"none\"]\n ready { when = \"started\" }", 1},
		{"haproxy", "command = [\"haproxy\", \"-f\", \"${listener.web.port}.cfg\"]\n handoff = [\"none\"]\n ready { when = \"started\" }", 0},
		{"traefik", `command = ["traefik", "--entryPoints.Web.address=:80", "--entryPoints.web.transport=x"]`, 0},
		{"traefik", `command = ["traefik", "--entryPoints.foo.address=:80"]`, 1},
		{"traefik", `command = ["traefik", "--configFile=t.yml"]`, 0},
		{"caddy", `command = ["caddy"]`, 1},
		{"caddy", "command = [\"caddy\"]\n environment = { FD = listener.web.fd }", 0},
		{"caddy", `command = ["caddy", "fd/3"]`, 0},
		{"haproxy", "command = [\"haproxy\", \"-W\"]\n handoff = [\"none\"]", 1},
		{"uvicorn", `command = ["uvicorn", "--fd", "3", "--log-level", "error"]`, 1},
		{"uvicorn", "command = [\"uvicorn\", \"--fd\", \"3\", \"--log-level\", \"error\"]\n ready { when = \"auto\" }", 0},
		{"puma", `command = ["puma", "-C", "puma.rb"]`, 0},
		{"apache", `command = ["apache2", "-X", "-c", "PidFile ${worker.runtime_dir}/p"]`, 0},
		{"java", `command = ["java"]`, 0},
	}
	for _, test := range tests {
		if got := warningsOf(t, test.preset, "tcp4://:80", test.lines); len(got) != test.want {
			t.Errorf("%s with %s: %q", test.preset, test.lines, got)
		}
	}
}

// A command that cannot be evaluated is an error and no trap; one that differs in length is no trap either.
func TestTrapsWithoutCommand(t *testing.T) {
	_, err := Parse("app.hcl", []byte("service \"app\" {\n  preset = \"nginx\"\n  command = [env.MISSING]\n}\n"), host())
	if err == nil || len(err.(*Error).Problems) != 1 {
		t.Error(err)
	}
	lines := `command = generation == 1 ? ["nginx", "-g", "pid a;"] : ["nginx"]`
	if got := warningsOf(t, "nginx", "tcp4://:80", lines); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
