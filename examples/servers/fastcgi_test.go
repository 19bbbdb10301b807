//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
)

// fcgiServer is the standard library's.
func fcgiServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { _ = fcgi.Serve(l, h) }()
	return l.Addr().String()
}

func TestGateway(t *testing.T) {
	address := fcgiServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || fcgi.ProcessEnv(r)["SCRIPT_FILENAME"] != "/ping" {
			t.Errorf("%s %v", r.Method, fcgi.ProcessEnv(r))
		}
		_, _ = io.WriteString(w, strings.Repeat("pong ", 20000))
	})
	w := httptest.NewRecorder()
	gateway{address}.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || w.Body.String() != strings.Repeat("pong ", 20000) {
		t.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
	}
}

// TestGatewayLoss: what the server loses is an error of the gateway, so that it is counted.
func TestGatewayLoss(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	ask502(t, l.Addr().String())
	l.Close()
	ask502(t, l.Addr().String())
}

func ask502(t *testing.T, address string) {
	t.Helper()
	w := httptest.NewRecorder()
	gateway{address}.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusBadGateway {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestAskCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1))
			cancel()
			defer conn.Close()
		}
		<-t.Context().Done()
	}()
	if _, err := ask(ctx, l.Addr().String(), "/ping"); err == nil {
		t.Error("an answer that did not come")
	}
	l.Close()
	if _, err := ask(t.Context(), l.Addr().String(), "/ping"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}

// answers are what a server may send, for the table and as seeds.
func answers() map[string][]byte {
	record := func(kind byte, content string) []byte { return appendRecord(nil, kind, []byte(content)) }
	end := record(fcgiEnd, "\x00\x00\x00\x00\x00\x00\x00\x00")
	padded := []byte{fcgiVersion, fcgiStdout, 0, 1, 0, 2, 3, 0, 'h', 'i', 0, 0, 0}
	return map[string][]byte{
		"good":          append(record(fcgiStdout, "hi"), end...),
		"padded":        append(padded, end...),
		"empty":         end,
		"nothing":       nil,
		"no end":        record(fcgiStdout, "hi"),
		"half a header": append(record(fcgiStdout, "hi"), end[:3]...),
		"half a body":   record(fcgiStdout, "hi")[:9],
		"overloaded":    record(fcgiEnd, "\x00\x00\x00\x00\x02\x00\x00\x00"),
		"short end":     record(fcgiEnd, "\x00"),
		"error output":  append(record(fcgiStderr, "oh"), end...),
		"unknown":       record(42, ""),
		"too long":      bytes.Repeat(record(fcgiStdout, strings.Repeat("x", 65535)), 17),
	}
}

func TestReadFCGI(t *testing.T) {
	good := map[string]string{"good": "hi", "padded": "hi", "empty": ""}
	early := map[string]error{"nothing": io.EOF, "no end": io.EOF, "half a header": io.ErrUnexpectedEOF, "half a body": io.ErrUnexpectedEOF}
	for name, answer := range answers() {
		t.Run(name, func(t *testing.T) {
			out, err := readFCGI(bytes.NewReader(answer))
			want, isGood := good[name]
			switch {
			case isGood && (err != nil || string(out) != want):
				t.Errorf("%q, %v; want %q", out, err, want)
			case !isGood && err == nil:
				t.Errorf("%q and no error", out)
			case early[name] != nil && !errors.Is(err, early[name]):
				t.Errorf("%v, want %v", err, early[name])
			}
		})
	}
}

func FuzzReadFCGI(f *testing.F) {
	for _, answer := range answers() {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		out, err := readFCGI(bytes.NewReader(answer))
		if len(out) > len(answer) {
			t.Errorf("%d bytes of output in %d, %v", len(out), len(answer), err)
		}
	})
}
