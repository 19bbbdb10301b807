package supervisor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswers checks which answers to GET count as ready.
func TestAnswers(t *testing.T) {
	mux := http.NewServeMux()
	for path, code := range map[string]int{"/ok": 200, "/empty": 204, "/gone": 404, "/ill": 503} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ill", http.StatusFound) })
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]bool{"/ok": true, "/empty": true, "/moved": true, "/gone": false, "/ill": false} {
		if got := answers(t.Context(), server.URL+path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	for _, url := range []string{server.URL + "/hangs", "http://127.0.0.1:1/", "://nonsense"} {
		if answers(ctx, url) {
			t.Errorf("%s is ready", url)
		}
	}
}

// TestPoll checks that checks become rarer up to the interval, and end with the worker.
func TestPoll(t *testing.T) {
	cfg := parse(t, "ready {\n when = \"exec\"\n command = [\"x\"]\n interval = \"50ms\"\n}")
	c := &child{spec: spec{service: cfg.Services[0]}}
	t.Run("ready in the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start, ready := time.Now(), false
			var at []time.Duration
			check := func(context.Context) bool {
				at = append(at, time.Since(start)/time.Millisecond)
				return len(at) == 6
			}
			c.poll(t.Context(), check, func() { ready = true })
			if want := []time.Duration{0, 10, 30, 70, 120, 170}; !ready || !slices.Equal(at, want) {
				t.Errorf("ready %v, checked at %v ms, want %v", ready, at, want)
			}
		})
	})
	t.Run("gone before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.poll(ctx, func(context.Context) bool { return false }, func() { t.Error("ready") })
			}()
			time.Sleep(time.Second)
			cancel()
			<-done
		})
	})
	t.Run("gone during the check", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c.poll(ctx, func(context.Context) bool { cancel(); return true }, func() { t.Error("ready") })
	})
}
