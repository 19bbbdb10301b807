//go:build unix

package supervisor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// runManager runs a manager for a benchmark until it ends.
func runManager(b *testing.B, text string) *Manager {
	b.Helper()
	cfg, err := config.Parse("bench.hcl", []byte(strings.ReplaceAll(text, "SELF", os.Args[0])), config.Host{Environ: os.Environ(), CPUs: 2})
	if err != nil {
		b.Fatal(err)
	}
	k, err := keeper.NewLocal("")
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "sv")
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(Options{Config: cfg, Keeper: k, RuntimeDir: dir, Environ: os.Environ(), Log: hclog.NewNullLogger()})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Run(context.Background()) }()
	b.Cleanup(func() {
		m.Shutdown()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		k.Close()
		os.RemoveAll(dir)
	})
	<-m.Started()
	return m
}

// BenchmarkRestart measures from the request to all workers ready. The metric own-ms is what the same worker needs from its bare start to
// the line that it prints when it is up, beyond-ms the difference: what supervise adds.
func BenchmarkRestart(b *testing.B) {
	m := runManager(b, "service \"app\" {\n command = [\"SELF\", \"worker\", \"up\"]\n ready {\n when = \"log\"\n pattern = \"^up$\"\n }\n}")
	own, ready := time.Duration(0), time.Duration(0)
	for b.Loop() {
		at := time.Now()
		bareStart(b)
		own += time.Since(at)
		at = time.Now()
		err := m.Restart(b.Context(), "app", func(e Event) {
			if e.Kind == KindReady {
				ready += e.Time.Sub(at)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N) * float64(time.Millisecond)
	b.ReportMetric(float64(own)/n, "own-ms")
	b.ReportMetric(float64(ready-own)/n, "beyond-ms")
}

// bareStart starts the worker as a shell would, until it prints that it is up.
func bareStart(b *testing.B) {
	c := exec.Command(os.Args[0], "worker", "up")
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 1024)
	for text := ""; !strings.Contains(text, "up\n"); {
		n, err := out.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		text += string(buf[:n])
	}
	b.StopTimer()
	_ = c.Process.Kill()
	_ = c.Wait()
	b.StartTimer()
}

// BenchmarkStatus1000 asks for the status of 1,000 running services.
func BenchmarkStatus1000(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "service \"s%d\" {\n command = [\"/bin/sleep\", \"1000\"]\n ready { when = \"started\" }\n}\n", i)
	}
	m := runManager(b, text.String())
	b.ResetTimer()
	for b.Loop() {
		st, err := m.Status(b.Context(), nil)
		if err != nil || len(st.Services) != 1000 {
			b.Fatal(len(st.Services), err)
		}
	}
}
