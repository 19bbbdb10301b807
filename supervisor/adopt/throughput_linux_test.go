package adopt

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkNginx compares the processor time that nginx needs for a request under the filter with that of the same nginx started bare, by
// turns in one run, so that what else the machine does concerns both. An iteration is a turn of each.
func BenchmarkNginx(b *testing.B) {
	for _, program := range []string{"nginx", "wrk"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(b, program+" is not installed")
		}
	}
	for _, c := range []struct {
		name string
		wrk  []string
	}{
		{"keep-alive", nil},
		{"connection per request", []string{"-H", "Connection: close"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			adopted, bare := launchNginx(b, true), launchNginx(b, false)
			var ratios []float64
			for range b.N {
				ratios = append(ratios, adopted.cost(b, c.wrk)/bare.cost(b, c.wrk))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "ratio")
			b.ReportMetric(deviation(ratios), "±")
		})
	}
}

// deviation is the standard error of the mean.
func deviation(list []float64) float64 {
	var sum, squares float64
	for _, x := range list {
		sum += x
	}
	n := float64(len(list))
	for _, x := range list {
		squares += (x - sum/n) * (x - sum/n)
	}
	return math.Sqrt(squares / n / max(1, n-1))
}

// nginxServer is a running one.
type nginxServer struct{ port, pid int }

func launchNginx(b *testing.B, filtered bool) nginxServer {
	b.Helper()
	model := openModel(b, "a", "generation", tcp4())
	dir, port := b.TempDir(), model.Address().Port
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr; events { worker_connections 512; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u;
scgi_temp_path %[1]s/s; server { listen 127.0.0.1:%[2]d; location / { return 200 "hello\n"; } } }`, dir, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	args := []string{"nginx", "-p", dir, "-c", config}
	if !filtered {
		_ = model.Close() // it has found a port
		cmd := exec.Command(args[0], args[1:]...)
		begin(b, cmd)
		awaitPort(b, port)
		return nginxServer{int(port), cmd.Process.Pid}
	}
	ours, theirs, err := Pair()
	if err != nil {
		b.Fatal(err)
	}
	page, err := NewPage()
	if err != nil {
		b.Fatal(err)
	}
	closeAtEnd(b, ours, page)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "ADOPT_CHILD=stage", quickExit)
	cmd.ExtraFiles = []*os.File{file(b, theirs)}
	_ = theirs.Close()
	listened := make(chan Event, 10)
	go serveMeasured(b, model, ours, page, listened)
	begin(b, cmd)
	for (<-listened).Kind != Listened {
	}
	return nginxServer{int(port), cmd.Process.Pid}
}

func begin(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
}

// awaitPort asks with curl, which tries again by itself.
func awaitPort(b *testing.B, port uint32) {
	b.Helper()
	out, err := exec.Command("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", fmt.Sprintf("http://127.0.0.1:%d/", port)).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}

// cost is the nanoseconds of processor time for a request.
func (n nginxServer) cost(b *testing.B, options []string) float64 {
	b.Helper()
	before := n.used(b)
	args := append([]string{"-t1", "-c8", "-d1s"}, options...)
	out, err := exec.Command("wrk", append(args, fmt.Sprintf("http://127.0.0.1:%d/", n.port))...).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	found := regexp.MustCompile(`(\d+) requests in`).FindSubmatch(out)
	if found == nil {
		b.Fatalf("wrk says %s", out)
	}
	requests, _ := strconv.ParseFloat(string(found[1]), 64)
	return (n.used(b) - before) / requests
}

// used reads the processor time of the process, in nanoseconds, from /proc/PID/schedstat.
func (n nginxServer) used(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(procFile(n.pid, "schedstat"))
	if err != nil {
		b.Fatal(err)
	}
	used, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return used
}
