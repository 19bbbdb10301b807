//go:build linux

package fdpass

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// answering plays a supervise: it reads one request and lets answer write what it likes.
func answering(t *testing.T, answer func(*net.UnixConn, string)) (control string) {
	t.Helper()
	control = unixPath(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: control, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			if head, err := readHead(c); err == nil {
				answer(c, string(head))
			}
			c.Close()
		}
	}()
	return control
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: supervise-descriptors\r\n\r\n"

func TestRequest(t *testing.T) {
	list := manyNamed(t, 300)
	asked := make(chan string, 1)
	control := answering(t, func(c *net.UnixConn, head string) {
		_, _ = io.WriteString(c, switching)
		_ = Send(c, list)
		c.Close() // before the descriptors are counted
		asked <- head
	})
	var names []string
	for _, n := range list {
		names = append(names, n.Name)
	}
	before := openDescriptors(t)
	got, err := Request(t.Context(), control, names...)
	if err != nil || len(got) != len(list) {
		t.Fatal(len(got), err)
	}
	for i, n := range got {
		if n.Name != names[i] || !sameFile(t, n.Descriptor, list[i].Descriptor) {
			t.Fatalf("number %d is %q", i, n.Name)
		}
	}
	closeAll(got)
	head := <-asked
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if !strings.HasPrefix(head, "GET /v1/descriptors?name=l0&name=l1&name=l2&") || !strings.HasSuffix(head,
		" HTTP/1.1\r\nHost: supervise\r\nConnection: Upgrade\r\nUpgrade: supervise-descriptors\r\n\r\n") {
		t.Errorf("it asked %q", head)
	}
}

// TestRequestRefused: what an HTTP server of Go answers, and what others might.
func TestRequestRefused(t *testing.T) {
	long := strings.Repeat("x", 5000) // sent in chunks
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/descriptors", func(w http.ResponseWriter, r *http.Request) {
		switch name := r.FormValue("name"); name {
		case "json":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintln(w, `{"result":{"ok":false,"error":"there is no listener \"json\"","code":1}}`)
		case "text":
			http.Error(w, "no such thing", http.StatusTeapot)
		case "long":
			http.Error(w, long, http.StatusConflict)
		case "empty":
			w.WriteHeader(http.StatusForbidden)
		}
	})
	l, err := net.Listen("unix", unixPath(t))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	server.Start()
	defer server.Close()
	for name, says := range map[string]string{
		"json": `there is no listener "json"`, "text": "no such thing", "long": long, "empty": "403 Forbidden", "other": "200 OK",
	} {
		_, err := Request(t.Context(), l.Addr().String(), name)
		want := fmt.Sprintf("cannot get listeners from the supervise at %q: %s", l.Addr(), says)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRequestGarbage(t *testing.T) {
	list := manyNamed(t, 3)
	for name, answer := range map[string]func(*net.UnixConn){
		"nothing":          func(*net.UnixConn) {},
		"half a head":      func(c *net.UnixConn) { _, _ = io.WriteString(c, switching[:40]) },
		"no HTTP":          func(c *net.UnixConn) { _, _ = io.WriteString(c, "220 hello\r\n\r\n") },
		"an endless head":  func(c *net.UnixConn) { _, _ = io.WriteString(c, "HTTP/1.1 101 x\r\n"+strings.Repeat("A: b\r\n", 4096)) },
		"another protocol": func(c *net.UnixConn) { _, _ = io.WriteString(c, strings.Replace(switching, "supervise-", "x", 1)) },
		"no list":          func(c *net.UnixConn) { _, _ = io.WriteString(c, switching) },
		"no proper list":   func(c *net.UnixConn) { _, _ = io.WriteString(c, switching+"XXXXXXXXXXXXXXXXXXXX") },
		"fewer":            func(c *net.UnixConn) { _, _ = io.WriteString(c, switching); _ = Send(c, list[:1]) },
		"more":             func(c *net.UnixConn) { _, _ = io.WriteString(c, switching); _ = Send(c, list) },
		"in another order": func(c *net.UnixConn) { _, _ = io.WriteString(c, switching); _ = Send(c, []Named{list[1], list[0]}) },
	} {
		t.Run(name, func(t *testing.T) {
			before := openDescriptors(t)
			t.Run("request", func(t *testing.T) {
				control := answering(t, func(c *net.UnixConn, _ string) { answer(c) })
				if got, err := Request(t.Context(), control, "l0", "l1"); err == nil || err == io.EOF {
					t.Errorf("got %v %v", got, err)
				}
			})
			if after := openDescriptors(t); after > before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

// TestRequestEnds with its context, although nobody answers.
func TestRequestEnds(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	control := answering(t, func(*net.UnixConn, string) { close(asked); <-answer })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := Request(ctx, control, "web"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(answer)
	if _, err := Request(t.Context(), control, "a\nb"); err == nil {
		t.Error("asked for a name that is none")
	}
	if _, err := Request(t.Context(), control+"x", "web"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// FuzzAnswer: whatever a server says before the descriptors, reading its head ends and is bounded.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(switching))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := strings.NewReader(string(b))
		head, err := readHead(r)
		if err == nil && (len(head) > maxHead || len(head)+r.Len() != len(b)) {
			t.Fatalf("%d bytes of %d, %d are left", len(head), len(b), r.Len())
		}
		if err := refusal(strings.NewReader(string(b))); err == nil {
			t.Fatal("a refusal is an error")
		}
	})
}
