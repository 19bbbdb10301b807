package config

import (
	"fmt"
	"strings"
	"testing"
)

// manyServices is a file with n services, each with a listener of its own and a few expressions.
func manyServices(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `
listener "web-%d" {
  address = "tcp://127.0.0.1:%d"
  backlog = 4096
}
service "app-%d" {
  command     = ["./app", "--fd", "${listener.web-%d.fd}", "--admin", "${9000 + worker.index}"]
  listeners   = ["web-%d"]
  workers     = 4
  environment = { NAME = service.name, HOME = env.HOME }
  depends_on  = [%s]
  ready { when = "notify" }
  stop { timeout = "10s" }
}
`, i, 10000+i, i, i, i, dependency(i))
	}
	return []byte(b.String())
}

func dependency(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("%q", fmt.Sprintf("app-%d", i-1))
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 1000} {
		src := manyServices(n)
		b.Run(fmt.Sprintf("%d services", n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("app.hcl", src, host()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	c := mustParse(b, string(manyServices(1000)), host())
	s := c.Services[999]
	in := scope(c, s)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Resolve(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	src := string(manyServices(1000))
	c, other := mustParse(b, src, host()), mustParse(b, strings.Replace(src, "4096", "128", 1), host())
	for b.Loop() {
		if len(Diff(c, other).Listeners) != 1 {
			b.Fatal("no change")
		}
	}
}
