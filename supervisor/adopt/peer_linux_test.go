package adopt

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// need skips the test unless the program is there. .ci/run installs it.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program+" is not installed")
	}
	return path
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Servers as people have them, with nothing changed. All but redis answer HTTP.
var peers = []struct {
	name    string
	address fdpass.Address
	mode    Mode
	command func(t *testing.T, r *rig) []string
}{
	{"python", tcp4(), Own, func(t *testing.T, r *rig) []string {
		return []string{need(t, "python3"), "-m", "http.server", "--bind", "127.0.0.1", r.port(0)}
	}},
	{"node", fdpass.Address{Network: "tcp"}, Own, func(t *testing.T, r *rig) []string {
		return []string{need(t, "node"), "-e", "require('http').createServer((q, a) => a.end('hello')).listen(" + r.port(0) + ")"}
	}},
	{"nginx", tcp4(), Own, func(t *testing.T, r *rig) []string { return nginx(t, r, "") }},
	{"nginx with a socket for each process", tcp4(), Own, func(t *testing.T, r *rig) []string { return nginx(t, r, "reuseport") }},
	{"redis", tcp4(), Own, func(t *testing.T, r *rig) []string {
		return []string{need(t, "redis-server"), "--port", r.port(0), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()}
	}},
	{"Java", fdpass.Address{Network: "tcp"}, Own, func(t *testing.T, r *rig) []string {
		return []string{need(t, "java"), "-Xshare:auto", "testdata/Server.java", r.port(0)}
	}},
	{"static Go", tcp4(), Inject, func(t *testing.T, r *rig) []string {
		program := filepath.Join(t.TempDir(), "server")
		build := exec.Command("go", "build", "-o", program, "./testdata/static")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return []string{program, r.at(0)}
	}},
	{"gunicorn", tcp4(), Own, func(t *testing.T, r *rig) []string {
		app := write(t, "app.py", "def app(environ, start):\n    start('200 OK', [('Content-Length', '6')])\n    return [b'hello\\n']\n")
		return []string{need(t, "gunicorn"), "--workers", "2", "--bind", r.at(0), "--chdir", filepath.Dir(app), "app:app"}
	}},
}

func nginx(t *testing.T, r *rig, option string) []string {
	dir := t.TempDir()
	config := write(t, "nginx.conf", fmt.Sprintf(`daemon off; worker_processes 2; pid %[1]s/pid; error_log stderr;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen %[2]s %[3]s; location / { return 200 "hello\n"; } } }`, dir, r.at(0), option))
	return []string{need(t, "nginx"), "-p", dir, "-c", config}
}

func TestProcPeers(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			r := newRig(t, "generation", peer.address)
			p := r.start(peer.command(t, r)...)
			if e := r.expect(p, Listened); e.Mode != peer.mode {
				t.Errorf("got %+v", e)
			}
			for range 5 {
				if peer.name == "redis" {
					ping(t, r)
				} else {
					get(t, r)
				}
			}
			if n := r.backlog(0); n != 77 {
				t.Errorf("the backlog is %d", n)
			}
		})
	}
}

func get(t *testing.T, r *rig) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	a, err := c.Get("http://127.0.0.1:" + r.port(0) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if b, err := io.ReadAll(a.Body); a.StatusCode != 200 || err != nil || len(b) == 0 {
		t.Fatalf("%s: %q, %v", a.Status, b, err)
	}
}

func ping(t *testing.T, r *rig) {
	t.Helper()
	c, err := net.Dial("tcp", r.at(0))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "PING\r\n")
	var b [7]byte
	if _, err := io.ReadFull(c, b[:]); string(b[:]) != "+PONG\r\n" {
		t.Fatalf("got %q, %v", b, err)
	}
}
