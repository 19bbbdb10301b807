package supervisor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAsk checks which answers to GET are good, and what is said of the others.
func TestAsk(t *testing.T) {
	mux := http.NewServeMux()
	answer := func(path string, code int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		})
	}
	answer("/ok", 200, "generation 2\n")
	answer("/empty", 204, "")
	answer("/gone", 404, "")
	answer("/ill", 503, "\n the database is on fire \nand more")
	answer("/long", 500, strings.Repeat("é", 500))
	answer("/late", 200, strings.Repeat("x", maxBody)+"needle")
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ill", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, tt := range []struct{ path, expect, want string }{
		{"/ok", "", ""},
		{"/ok", "^generation 2$", "the body of the answer does not match expect: generation 2"},
		{"/ok", `^generation 2\s$`, ""},
		{"/empty", "", ""},
		{"/empty", ".", "the body of the answer does not match expect"},
		{"/moved", "", ""},
		{"/gone", "", "404 Not Found"},
		{"/ill", "fire", "503 Service Unavailable: the database is on fire"},
		{"/long", "", "500 Internal Server Error: " + strings.Repeat("é", maxShown/2)},
		{"/late", "needle", "the body of the answer does not match expect: " + strings.Repeat("x", maxShown)},
		{"/ok", "(", "error parsing regexp: missing closing ): `(`"},
	} {
		q := question{url: server.URL + tt.path, expect: tt.expect, timeout: time.Minute}
		err := q.ask(t.Context(), (&net.Dialer{}).DialContext)
		if want := "GET " + q.url + ": " + tt.want; (tt.want != "" || err != nil) && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, want %q", tt.path, err, want)
		}
	}
}

// TestAskNobody checks what is said where there is no answer: the same words each time.
func TestAskNobody(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing.Close()
	go func() {
		for {
			c, err := closing.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for url, want := range map[string]string{
		"http://" + silent.Addr().String():  "no answer within 20ms",
		"http://" + closing.Addr().String(): "",
		"http://127.0.0.1:1/":               refusedText,
		"://nonsense":                       "missing protocol scheme",
	} {
		limit := time.Minute
		if strings.HasPrefix(want, "no answer") {
			limit = 20 * time.Millisecond
		}
		err := question{url: url, timeout: limit}.ask(t.Context(), (&net.Dialer{}).DialContext)
		if err == nil || !strings.HasPrefix(err.Error(), "GET "+url+": ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", url, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (question{url: "http://" + silent.Addr().String(), timeout: time.Minute}).ask(ctx, (&net.Dialer{}).DialContext); err == nil {
		t.Error("an answer after the end")
	}
}
