package drill

import (
	"io"
	"net"
	"testing"
	"time"
)

// benchmark drives b.N connections. The server shares the machine: what the engine can do alone is more.
func benchmark(b *testing.B, path string, target Target) {
	began := time.Now()
	r, err := Run(b.Context(), Options{Targets: []Target{target}, HTTP: path, Connections: b.N})
	if err != nil || r.Lost() != 0 {
		b.Fatalf("%+v, %v", r, err)
	}
	b.ReportMetric(float64(r.Attempts)/time.Since(began).Seconds(), "conn/s")
	b.ReportMetric(r.Latency.P99, "p99-ms")
}

func BenchmarkHTTP(b *testing.B) {
	benchmark(b, "/", serveTCP(b, trivial))
}

func BenchmarkHTTPUnix(b *testing.B) {
	benchmark(b, "/", serve(b, "unix", b.TempDir()+"/s", trivial))
}

func BenchmarkConnect(b *testing.B) {
	benchmark(b, "", serveTCP(b, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
}

// trivial reads once, whatever it is, and answers.
func trivial(c net.Conn) {
	var buf [512]byte
	if _, err := c.Read(buf[:]); err == nil {
		_, _ = io.WriteString(c, answer)
	}
}
