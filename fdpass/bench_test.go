//go:build linux

package fdpass

import (
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkOpen10000 opens ten thousand TCP listeners and closes them.
func BenchmarkOpen10000(b *testing.B) {
	const n = 10_000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < n+100 {
		b.Fatalf("needs RLIMIT_NOFILE above %d, it is %d", n+100, limit.Cur)
	}
	b.ReportAllocs()
	sockets := make([]*Socket, n)
	for b.Loop() {
		for i := range sockets {
			s, err := Open(spec("tcp://127.0.0.1:0"))
			if err != nil {
				b.Fatal(err)
			}
			sockets[i] = s
		}
		for _, s := range sockets {
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/listener")
}

func BenchmarkDup(b *testing.B) {
	d := manyNamed(b, 1)[0].Descriptor
	for b.Loop() {
		dup, err := d.Dup()
		if err != nil {
			b.Fatal(err)
		}
		dup.Close()
	}
}

func BenchmarkSendReceive1(b *testing.B)   { benchmarkSendReceive(b, 1) }
func BenchmarkSendReceive253(b *testing.B) { benchmarkSendReceive(b, 253) }

func benchmarkSendReceive(b *testing.B, n int) {
	from, to := socketPair(b, unix.SOCK_SEQPACKET)
	list := manyNamed(b, n)
	for b.Loop() {
		if err := Send(from, list); err != nil {
			b.Fatal(err)
		}
		got, err := Receive(to)
		if err != nil {
			b.Fatal(err)
		}
		closeAll(got)
	}
}

func BenchmarkState(b *testing.B) {
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://@fdpass-bench"} {
		b.Run(address[:4], func(b *testing.B) {
			s, err := Open(spec(address))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				if _, err := s.State(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
