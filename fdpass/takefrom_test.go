//go:build linux

package fdpass

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTakeFrom takes out of this process, which has the listeners that are named.
func TestTakeFrom(t *testing.T) {
	dir := shortDir(t)
	for name, c := range map[string]struct {
		has     []string // with PORT where it is to be the same
		take    string
		gets    int // of has; -1 for an error
		says    string
		missing bool
	}{
		"the very one":           {[]string{"tcp://127.0.0.1:0"}, "tcp://127.0.0.1:PORT", 0, "", false},
		"by family":              {[]string{"tcp4://127.0.0.1:0"}, "tcp://127.0.0.1:PORT", 0, "", false},
		"IPv6":                   {[]string{"tcp6://[::1]:0"}, "tcp6://[::1]:PORT", 0, "", false},
		"a wildcard":             {[]string{"tcp://:0"}, "tcp://:PORT", 0, "", false},
		"a wildcard, spelt":      {[]string{"tcp://:0"}, "tcp://[::]:PORT", 0, "", false},
		"IPv4 for a wildcard":    {[]string{"tcp4://:0"}, "tcp://:PORT", 0, "", false},
		"one for IPv4 is wanted": {[]string{"tcp://:0"}, "tcp4://:PORT", -1, "it listens on", true},
		"IPv6 only":              {[]string{"tcp6://:0"}, "tcp://:PORT", -1, "tcp6://[::]:", true},
		"a socket each":          {[]string{"tcp4://:PORT", "tcp6://:PORT"}, "tcp://:PORT", -1, "by a socket each (configure two listeners: tcp4://:", false},
		"of two, IPv4":           {[]string{"tcp4://:PORT", "tcp6://:PORT"}, "tcp4://:PORT", 0, "", false},
		"of two, IPv6":           {[]string{"tcp6://:PORT", "tcp4://:PORT"}, "tcp6://:PORT", 0, "", false},
		"another address":        {[]string{"tcp://127.0.0.1:0"}, "tcp://127.0.0.2:PORT", -1, "tcp4://127.0.0.1:", true},
		"another type":           {[]string{"tcp://127.0.0.1:0"}, "udp://127.0.0.1:PORT", -1, "it listens on", true},
		"datagrams":              {[]string{"udp://127.0.0.1:0"}, "udp://127.0.0.1:PORT", 0, "", false},
		"a path":                 {[]string{"unix://" + dir + "/a"}, "unix://" + dir + "/a", 0, "", false},
		"packets":                {[]string{"unixpacket://" + dir + "/p"}, "unixpacket://" + dir + "/p", 0, "", false},
		"a path of another type": {[]string{"unixpacket://" + dir + "/q"}, "unix://" + dir + "/q", -1, "unixpacket://" + dir + "/q", true},
		"an abstract name":       {[]string{"unix://@take" + filepath.Base(dir)}, "unix://@take" + filepath.Base(dir), 0, "", false},
		"any port":               {[]string{"tcp://127.0.0.1:0"}, "tcp://127.0.0.1:0", -1, "no particular socket", true},
		"a fifo":                 {[]string{"fifo://" + dir + "/f"}, "fifo://" + dir + "/f", -1, "no particular socket", true},
		"no address":             {nil, "tcp://nowhere:1", -1, "not an IP address", false},
	} {
		t.Run(name, func(t *testing.T) {
			var open []*Socket
			port := fmt.Sprint(reserve(t, "tcp://:0"))
			for _, a := range c.has {
				s := mustOpen(t, spec(strings.ReplaceAll(a, "PORT", port)))
				if open = append(open, s); !strings.Contains(a, "PORT") {
					port = fmt.Sprint(s.Address().Port)
				}
			}
			wanted := spec(strings.ReplaceAll(c.take, "PORT", port))
			before := openDescriptors(t)
			d, err := TakeFrom(os.Getpid(), wanted)
			if c.gets < 0 {
				if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrNotThere) != c.missing {
					t.Fatalf("got %v", err)
				}
				if after := openDescriptors(t); after > before {
					t.Errorf("%d descriptors before, %d after", before, after)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if after := openDescriptors(t); after > before+1 {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
			if !sameFile(t, d, open[c.gets].Descriptor()) {
				t.Error("it is another socket")
			}
			s, err := Restore(wanted, d) // the two agree
			if err != nil {
				t.Fatal(err)
			}
			s.Abandon()
		})
	}
}

// What does not listen is not taken: a connection at the same address, a bound socket, a connected datagram socket.
func TestTakeFromOnlyListeners(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	dial(t, s)
	accept(t, s)
	wanted := s.Spec()
	wanted.Address.Port = s.Address().Port
	s.Close()
	if _, err := TakeFrom(os.Getpid(), wanted); !errors.Is(err, ErrNotThere) {
		t.Errorf("got %v", err)
	}
	peer := mustOpen(t, spec("udp://127.0.0.1:0"))
	network, address := dialable(peer.Address())
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wanted = spec("udp://" + c.LocalAddr().String())
	if _, err := TakeFrom(os.Getpid(), wanted); !errors.Is(err, ErrNotThere) {
		t.Errorf("got %v", err)
	}
}

func TestTakeFromSeveral(t *testing.T) {
	first := spec("tcp://127.0.0.1:0")
	first.Options.ReusePort = ptr(true)
	a := mustOpen(t, first)
	second := first
	second.Address.Port = a.Address().Port
	mustOpen(t, second)
	_, err := TakeFrom(os.Getpid(), second)
	migrates := (&finding{spec: second}).migrates()
	if !migrates && (err == nil || !strings.Contains(err.Error(), "it has 2 sockets there (SO_REUSEPORT)") || !strings.Contains(err.Error(), "tcp_migrate_req")) {
		t.Errorf("got %v", err)
	}
	if dup, err := a.Descriptor().Dup(); err != nil { // a second number is no second socket
		t.Fatal(err)
	} else {
		defer dup.Close()
	}
}

func TestTakeFromNobody(t *testing.T) {
	ended := exec.CommandContext(t.Context(), "true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{0, -1, ended.Process.Pid, 1 << 30} {
		_, err := TakeFrom(pid, spec("tcp://127.0.0.1:80"))
		if !errors.Is(err, ErrNotThere) || !strings.Contains(err.Error(), `cannot take listener "web" at tcp://127.0.0.1:80 from a process (pid `) ||
			!strings.Contains(err.Error(), "there is no such process") {
			t.Errorf("%d: got %v", pid, err)
		}
	}
}

// theft is what a child is to take, as whom.
type theft struct {
	PID, UID int
	Address  string
}

// childTake gives up its rights first.
func childTake(arg string) error {
	var job theft
	if err := json.Unmarshal([]byte(arg), &job); err != nil {
		return err
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(job.UID), syscall.Setuid(job.UID)); err != nil {
		return err
	}
	_, err := TakeFrom(job.PID, spec(job.Address))
	fmt.Println(err)
	return nil
}

// TestProcTakeFromChild: the child holds it, and keeps it.
func TestProcTakeFromChild(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	c := start(t, "hold", s)
	c.line(t, "holding")
	wanted := s.Spec()
	wanted.Address.Port = s.Address().Port
	s.Close()
	d, err := TakeFrom(c.cmd.Process.Pid, wanted)
	if err != nil {
		t.Fatal(err)
	}
	c.finish()
	again, err := Restore(wanted, d)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	dial(t, again)
	accept(t, again)
	_, err = TakeFrom(c.cmd.Process.Pid, wanted)
	if !errors.Is(err, ErrNotThere) {
		t.Errorf("got %v", err)
	}
}

// TestProcTakeFromStranger: another user is told what is missing.
func TestProcTakeFromStranger(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
			t.Fatal("needs root to be another user")
		}
		t.Skip("needs root to be another user")
	}
	arg, err := json.Marshal(theft{os.Getpid(), 12345, "tcp://127.0.0.1:80"})
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, "take "+string(arg), nil)
	if !strings.Contains(out, "it runs as another user, uid 0: run supervise as root, with CAP_SYS_PTRACE") {
		t.Errorf("got %s", out)
	}
}

func TestExplainTake(t *testing.T) {
	for _, c := range []struct {
		err  error
		says string
	}{
		{unix.ESRCH, "there is no such process"},
		{unix.ENOSYS, "Linux 5.6"},
		{unix.EPERM, "CAP_SYS_PTRACE"},
		{unix.EMFILE, "too many open files"},
	} {
		err := explainTake(os.Getpid(), os.NewSyscallError("pidfd_getfd", c.err))
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrNotThere) != (c.err == unix.ESRCH) {
			t.Errorf("got %v", err)
		}
	}
	if uid := userOf(os.Getpid()); uid != os.Getuid() {
		t.Errorf("we are %d", uid)
	}
	if uid := userOf(1 << 30); uid != -1 {
		t.Errorf("nobody is %d", uid)
	}
}

// external runs a program until the test ends and waits for the line that says it listens.
func external(t *testing.T, name, pkg, line string, args ...string) (pid int, said string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("SUPERVISE_REQUIRE_ALL") == "" {
		t.Skipf("%s is not installed (Debian package %s)", name, pkg)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait(); r.Close() })
	for in := bufio.NewReader(r); ; {
		text, err := in.ReadString('\n')
		if said += text; err != nil {
			t.Fatalf("%s said %s: %v", name, said, err)
		}
		if strings.Contains(text, line) {
			return cmd.Process.Pid, text
		}
	}
}

// nginx runs one with these listen directives.
func nginx(t *testing.T, directives ...string) (pid int) {
	t.Helper()
	dir := t.TempDir()
	text := "daemon off; pid " + dir + "/pid; error_log stderr notice; events {} http { access_log off; client_body_temp_path " + dir + "/b; " +
		"proxy_temp_path " + dir + "/p; fastcgi_temp_path " + dir + "/f; uwsgi_temp_path " + dir + "/u; scgi_temp_path " + dir + "/s; server { "
	for _, d := range directives {
		text += "listen " + d + "; "
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(text+"return 200 served; } }"), 0o600); err != nil {
		t.Fatal(err)
	}
	pid, _ = external(t, "nginx", "nginx-light", "start worker process ", "-c", conf)
	return pid
}

// takesIt takes what Restore agrees to, or says why not.
func takesIt(t *testing.T, pid int, address, says string) {
	t.Helper()
	d, err := TakeFrom(pid, spec(address))
	if says != "" {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", address, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := Restore(spec(address), d)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dial(t, s) // is in the queue of the one socket that both have
}

// TestProcTakeFromNginx: nginx opens a socket for IPv4 and one for IPv6 only.
func TestProcTakeFromNginx(t *testing.T) {
	port := reserve(t, "tcp://:0")
	path := unixPath(t)
	pid := nginx(t, fmt.Sprint(port), fmt.Sprintf("127.0.0.9:%d", port), fmt.Sprintf("[::1]:%d", reserve(t, "tcp://:0")), "unix:"+path)
	takesIt(t, pid, fmt.Sprintf("tcp://:%d", port), "")
	takesIt(t, pid, fmt.Sprintf("tcp4://:%d", port), "")
	takesIt(t, pid, "unix://"+path, "")
	takesIt(t, pid, fmt.Sprintf("tcp6://:%d", port), "it listens on")
	takesIt(t, pid, fmt.Sprintf("tcp://127.0.0.1:%d", port), fmt.Sprintf("tcp4://0.0.0.0:%d", port))

	port = reserve(t, "tcp://:0")
	both := nginx(t, fmt.Sprint(port), fmt.Sprintf("[::]:%d", port))
	takesIt(t, both, fmt.Sprintf("tcp://:%d", port), "configure two listeners")
	takesIt(t, both, fmt.Sprintf("tcp4://:%d", port), "")
	takesIt(t, both, fmt.Sprintf("tcp6://:%d", port), "")

	port = reserve(t, "tcp://:0")
	dual := nginx(t, fmt.Sprintf("[::]:%d ipv6only=off", port))
	takesIt(t, dual, fmt.Sprintf("tcp://:%d", port), "")
}

// TestProcTakeFromPython: http.server opens one socket, for IPv4 or for both.
func TestProcTakeFromPython(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "::"} {
		pid, line := external(t, "python3", "python3", "Serving HTTP on", "-u", "-m", "http.server", "--bind", host, "0")
		_, after, _ := strings.Cut(line, " port ")
		port, _, _ := strings.Cut(after, " ")
		takesIt(t, pid, "tcp://:"+port, "")
	}
}
