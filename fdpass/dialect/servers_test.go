//go:build linux

package dialect_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// server is a program of Debian that reads a convention as it is.
type server struct {
	dialect string
	program string
	network string
	// args makes the command's arguments, and what configuration it needs, in dir. addr is the listener's.
	args func(t *testing.T, dir, addr string) []string
	ask  string // a request
	hear string // how every answer begins
	env  []string
}

const (
	askHTTP  = "GET / HTTP/1.0\r\n\r\n"
	hearHTTP = "HTTP/1."
	// FCGI_GET_VALUES without names, and the first two bytes of FCGI_GET_VALUES_RESULT.
	askFCGI  = "\x01\x09\x00\x00\x00\x00\x00\x00"
	hearFCGI = "\x01\x0a"
)

func servers() []server {
	return []server{
		{"nginx", "nginx", "tcp", nginxArgs, askHTTP, hearHTTP, nil},
		{"nginx", "nginx", "unix", nginxArgs, askHTTP, hearHTTP, nil},
		{"php-fpm", "php-fpm8.2", "tcp", fpmArgs, askFCGI, hearFCGI, nil},
		{"php-fpm", "php-fpm8.2", "unix", fpmArgs, askFCGI, hearFCGI, nil},
		{"unicorn", "unicorn", "tcp", unicornArgs, askHTTP, hearHTTP, nil},
		{"unicorn", "unicorn", "unix", unicornArgs, askHTTP, hearHTTP, nil},
		{"puma", "puma", "tcp", pumaArgs("tcp://"), askHTTP, hearHTTP, nil},
		{"puma", "puma", "unix", pumaArgs("unix://"), askHTTP, hearHTTP, nil},
		{"gunicorn", "gunicorn", "tcp", gunicornArgs, askHTTP, hearHTTP, nil},
		{"nghttpx", "nghttpx", "tcp", nghttpxArgs, askHTTP, hearHTTP, nil},
		{"nghttpx", "nghttpx", "unix", nghttpxArgs, askHTTP, hearHTTP, nil},
		{"upstart", "uwsgi", "tcp", uwsgiArgs, askHTTP, hearHTTP, nil},
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func nginxArgs(t *testing.T, dir, addr string) []string {
	if strings.HasPrefix(addr, "/") {
		addr = "unix:" + addr
	}
	conf := fmt.Sprintf("pid %s/pid; error_log stderr; events {}\nhttp { access_log off; server { listen %s; return 204; } }\n", dir, addr)
	return []string{"-c", write(t, dir, "nginx.conf", conf)}
}

func fpmArgs(t *testing.T, dir, addr string) []string {
	conf := fmt.Sprintf("[global]\nerror_log=/dev/stderr\npid=%s/pid\n[www]\nuser=www-data\nlisten=%s\npm=static\npm.max_children=1\n", dir, addr)
	return []string{"-F", "-y", write(t, dir, "fpm.conf", conf)}
}

const rackup = "run lambda { |env| [204, {}, []] }\n"

func unicornArgs(t *testing.T, dir, addr string) []string {
	return []string{"-l", addr, write(t, dir, "config.ru", rackup)}
}

func pumaArgs(scheme string) func(*testing.T, string, string) []string {
	return func(t *testing.T, dir, addr string) []string {
		return []string{"-e", "production", "-b", scheme + addr, write(t, dir, "config.ru", rackup)}
	}
}

const wsgi = "def application(env, start):\n    start('204 No Content', [])\n    return []\n"

func gunicornArgs(t *testing.T, dir, addr string) []string {
	write(t, dir, "app.py", wsgi)
	return []string{"--chdir", dir, "-p", dir + "/pid", "app:application"}
}

func nghttpxArgs(t *testing.T, dir, addr string) []string {
	front := "unix:" + addr
	if host, port, err := net.SplitHostPort(addr); err == nil {
		front = host + "," + port
	}
	// What is behind it does not exist: it answers 502 or 503 itself.
	return []string{"--conf=/dev/null", "--workers=1", "--frontend=" + front + ";no-tls", "--backend=127.0.0.1,1"}
}

func uwsgiArgs(t *testing.T, dir, _ string) []string {
	return []string{"--plugin", "python3", "--protocol", "http", "--die-on-term", "--wsgi-file", write(t, dir, "app.py", wsgi)}
}

// TestProcServers lets real programs take a listener in their own convention. The test never accepts, so
// an answer proves that they do, and on this very socket: it is bound, and no other could be.
func TestProcServers(t *testing.T) {
	for _, s := range servers() {
		t.Run(s.dialect+" "+s.network, func(t *testing.T) {
			l, f := listenFor(t, s.network)
			plan, err := dialect.Combine([]string{s.dialect}, dialect.Input{Sockets: []dialect.Socket{describe(l)}, Generation: 1})
			if err != nil {
				t.Fatal(err)
			}
			quit := signals(t)
			path := need(t, s.program)
			start(t, plan, append([]string{path}, s.args(t, t.TempDir(), l.Addr().String())...), nil, f)
			ask(t, l.Addr(), s.ask, s.hear)
			if plan.Parent != nil {
				if got := <-quit; got != plan.Parent.Ready {
					t.Errorf("its parent got %v, want %v", got, plan.Parent.Ready)
				}
			}
		})
	}
}

// TestProcAccepting hears uWSGI say to its Emperor that it accepts, and only then asks.
func TestProcAccepting(t *testing.T) {
	l, f := listenFor(t, "tcp")
	plan, err := dialect.Combine([]string{"upstart"}, dialect.Input{Sockets: []dialect.Socket{describe(l)}})
	if err != nil {
		t.Fatal(err)
	}
	path := need(t, "uwsgi")
	heard := channel(t, "uwsgi", plan, append([]string{path}, uwsgiArgs(t, t.TempDir(), "")...), f)
	ask(t, l.Addr(), askHTTP, hearHTTP)
	if !bytes.Contains(heard, []byte{5}) {
		t.Errorf("heard %v", heard)
	}
}

// TestProcNode hears node say that it is ready, as pm2 would.
func TestProcNode(t *testing.T) {
	path := need(t, "node")
	heard := channel(t, "pm2", dialect.Plan{}, []string{path, "-e", "process.send({x: 'ready'}); process.send('ready'); process.on('disconnect', () => process.exit(0))"})
	if want := "{\"x\":\"ready\"}\n\"ready\"\n"; string(heard) != want {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// channel starts a program with a readiness channel and returns what it wrote until it said that it is ready.
func channel(t *testing.T, when string, plan dialect.Plan, command []string, files ...*os.File) []byte {
	t.Helper()
	fd := dialect.Free(plan)
	ch, env, ok := dialect.ReadyChannel(when, fd, dialect.Input{})
	if !ok || ch.Kind != dialect.Stream {
		t.Fatalf("channel %+v", ch)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	t.Cleanup(func() { ours.Close() })
	plan.Env = append(plan.Env, env...)
	if n := len(plan.Numbers); n == 0 || fd == 3+n {
		plan.Numbers = append(plan.Numbers, dialect.Number{FD: fd, Socket: len(files)})
	}
	start(t, plan, command, nil, append(files, theirs)...)
	theirs.Close()
	var heard []byte
	buf := make([]byte, 512)
	for !ch.Said(heard) {
		n, err := ours.Read(buf)
		if err != nil {
			t.Fatalf("after %q: %v", heard, err)
		}
		heard = append(heard, buf[:n]...)
	}
	return heard
}

// need returns the path of a program, or skips the test where it is not installed.
func need(t *testing.T, program string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

func listenFor(t *testing.T, network string) (net.Listener, *os.File) {
	t.Helper()
	if network == "tcp" {
		return listen(t, "tcp4", "127.0.0.1:0")
	}
	l, f := listen(t, "unix", filepath.Join(t.TempDir(), "s.sock"))
	if err := os.Chmod(l.Addr().String(), 0o777); err != nil {
		t.Fatal(err)
	}
	return l, f
}

func describe(l net.Listener) dialect.Socket {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return dialect.Socket{Name: "web", Network: "tcp4", Host: a.IP.String(), Port: a.Port}
	}
	return dialect.Socket{Name: "web", Network: "unix", Path: l.Addr().String()}
}

// signals collects what a worker sends to its parent, which is the test itself.
func signals(t *testing.T) <-chan os.Signal {
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGQUIT, syscall.SIGTERM)
	t.Cleanup(func() { signal.Stop(c) })
	return c
}

// start runs the command with the plan's descriptors, which exec numbers from 3, and ends it and its children with the test.
func start(t *testing.T, p dialect.Plan, command []string, env []string, files ...*os.File) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8"}, p.Env...), env...)
	for _, key := range p.ParentPID {
		cmd.Env = append(cmd.Env, key+"="+strconv.Itoa(os.Getpid()))
	}
	for _, n := range p.Numbers {
		if n.FD != 3+len(cmd.ExtraFiles) {
			t.Fatalf("the plan has descriptor %d where 3, 4, … is expected", n.FD)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, files[n.Socket])
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(&out, io.LimitReader(r, 1<<20)) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		<-read
		r.Close()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(command, " "), out.String())
		}
	})
}

// ask waits for an answer: the connection is queued until the program accepts.
func ask(t *testing.T, addr net.Addr, request, answer string) {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(answer))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != answer {
		t.Fatalf("answer %q, error %v; want %q", got, err, answer)
	}
}
