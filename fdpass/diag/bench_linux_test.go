package diag

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// benchmarkConnections keeps 1,000 connections open beside the one that is counted.
func benchmarkConnections(b *testing.B, f func(b *testing.B, port uint16)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for range 1000 {
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
	}
	for b.Loop() {
		f(b, portOf(l))
	}
}

func BenchmarkConnections(b *testing.B) {
	benchmarkConnections(b, func(b *testing.B, port uint16) {
		if found, err := Connections([]uint16{port}); err != nil || len(found) != 1000 {
			b.Fatal(len(found), err)
		}
	})
}

// BenchmarkBesideTimeWait counts no connections beside 20,000 that the server has closed: the kernel walks through them.
func BenchmarkBesideTimeWait(b *testing.B) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for i := range 20000 {
		client, err := net.Dial("tcp", fmt.Sprintf("127.0.0.%d:%d", 1+i/2000, portOf(l)))
		if err != nil {
			b.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		server.Close()
		client.Close()
	}
	for b.Loop() {
		if found, err := Connections([]uint16{portOf(l)}); err != nil || len(found) > 0 {
			b.Fatal(len(found), err)
		}
	}
}

// BenchmarkProcNetTCP reads what the kernel prints, without even taking it apart: what Connections is measured against.
func BenchmarkProcNetTCP(b *testing.B) {
	benchmarkConnections(b, func(b *testing.B, port uint16) {
		text, err := os.ReadFile("/proc/self/net/tcp")
		if err != nil || strings.Count(string(text), "\n") < 2000 {
			b.Fatal(err)
		}
	})
}

func BenchmarkHeld(b *testing.B) {
	benchmarkConnections(b, func(b *testing.B, port uint16) {
		if list, err := Held(os.Getpid()); err != nil || len(list) < 2001 {
			b.Fatal(len(list), err)
		}
	})
}
