package supervisor

import (
	"bufio"

	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// keepAlive makes a connection that stays open after one request.
func keepAlive(t testing.TB, address string) net.Conn {
	t.Helper()
	network := "tcp"
	if address[0] == '/' || address[0] == '@' {
		network = "unix"
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("answer %q, %v", line, err)
	}
	return c
}

// open gives the connections of the workers of a service, and their sum.
func (r *rig) open(name string) (each []int, all int) {
	r.t.Helper()
	st, err := r.m.Status(r.t.Context(), []string{name})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, w := range st.Services[0].Workers {
		each, all = append(each, w.Connections), all+w.Connections
	}
	return each, all
}

func TestProcStatusCountsConnections(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp://:0", "unix://DIR/web.sock", "unix://@supervise-census-DIR"} {
		t.Run(address, func(t *testing.T) {
			r := newRig(t, strings.Replace(app, "tcp://127.0.0.1:0", address, 1)+`
			service "other" {
				command = ["SELF", "worker", "wait"]
				ready { when = "started" }
			}`).started()
			if each, all := r.open("app"); all != 0 || len(each) != 2 {
				t.Errorf("connections %v before the first", each)
			}
			at := r.address("web")
			first := keepAlive(t, at)
			keepAlive(t, at)
			if each, all := r.open("app"); all != 2 {
				t.Errorf("connections %v, want 2", each)
			}
			if each, all := r.open("other"); all != 0 {
				t.Errorf("connections %v of a worker without listeners", each)
			}
			first.Close()
			r.awaitPids("app", func(workers []WorkerStatus) bool { // until the server has seen that one is closed
				all := 0
				for _, w := range workers {
					all += w.Connections
				}
				return all == 1
			})
		})
	}
}

// TestConnections counts for workers that are the test itself: with its listeners, and without.
func TestConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	twice, err := server.(*net.TCPConn).File() // the same connection
	if err != nil {
		t.Fatal(err)
	}
	defer twice.Close()
	self := keeper.Process{Root: os.Getpid()}
	at := []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}
	outbound := []uint16{uint16(client.LocalAddr().(*net.TCPAddr).Port)}
	tests := []struct {
		what string
		holder
		want int
	}{
		{"it has one", holder{process: self, ports: at}, 1},
		{"another listener", holder{process: self, ports: []uint16{1}}, 0},
		{"no listener", holder{process: self}, 0},
		{"the client's end", holder{process: self, ports: outbound}, 1},
		{"a listener that nobody can see", holder{process: self, ports: at, blind: true}, unknown},
		{"does not run", holder{ports: at}, 0},
		{"gone", holder{process: keeper.Process{Root: 1 << 30}, ports: at}, 0},
	}
	for _, tt := range tests {
		if got := connections([]holder{{}, tt.holder}); got[0] != 0 || got[1] != tt.want {
			t.Errorf("%s: connections %v, want %d", tt.what, got, tt.want)
		}
	}
}

// TestProcConnectionsOfOthers: what an ordinary user, or root in a container, may not look at is unknown, and not none. They see that a listener has no connection at all.
func TestProcConnectionsOfOthers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be two users")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	question := []string{"worker", "census", strconv.Itoa(os.Getpid()), strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
	nobody := exec.Command("/proc/self/exe", question...)
	nobody.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	contained := exec.Command("setpriv", append([]string{"--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", os.Args[0]}, question...)...)
	told := func(by *exec.Cmd) string {
		c := &exec.Cmd{Path: by.Path, Args: by.Args, SysProcAttr: by.SysProcAttr, Env: []string{}}
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(string(out))
		return lines[len(lines)-1]
	}
	for _, by := range []*exec.Cmd{nobody, contained} {
		if got := told(by); got != "0" {
			t.Errorf("%s: %s connections at a listener without, want 0", by.Path, got)
		}
	}
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, by := range []*exec.Cmd{nobody, contained} {
		if got := told(by); got != strconv.Itoa(unknown) {
			t.Errorf("%s: %s connections, want %d", by.Path, got, unknown)
		}
	}
}

// BenchmarkConnections counts for a thousand workers of which one has all the connections there are.
func BenchmarkConnections(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	list := []holder{{process: keeper.Process{Root: os.Getpid()}, ports: []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}}}
	for range 999 {
		list = append(list, holder{process: keeper.Process{Root: 1 << 30}, ports: list[0].ports})
	}
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for b.Loop() {
		if counts := connections(list); counts[0] != 1 {
			b.Fatal(counts[0])
		}
	}
}
