package control

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzRequest sends anything to the handler: it never panics, and every line of every answer is JSON.
func FuzzRequest(f *testing.F) {
	for _, r := range routes() {
		f.Add(r.method, strings.ReplaceAll(r.path, "{name}", "app"), "")
	}
	f.Add("POST", "/v1/services/app/scale", `{"workers":2}`)
	f.Add("POST", "/v1/services/%2e%2e/signal", `{"signal":"\u0000"}`)
	f.Add("GET", "/v1/logs?lines=9&service=%ff", "")
	f.Add("GET", "/v1/events?%66ollow=1", "")
	f.Add("OPTIONS", "*", "[[[[")
	s := NewServer(Options{Backend: &fake{}, Version: "v1", GID: -1})
	f.Fuzz(func(t *testing.T, method, target, body string) {
		w := ask(s, method, target, body)
		if w.Code < 200 || w.Code > 499 {
			t.Errorf("status %d", w.Code)
		}
		sc := bufio.NewScanner(w.Body)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if !json.Valid(sc.Bytes()) {
				t.Errorf("not JSON: %q", sc.Text())
			}
		}
	})
}

// FuzzBody is the strict decoder alone.
func FuzzBody(f *testing.F) {
	f.Add(`{"workers":1}`)
	f.Add(`{"workers":1}{}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		var body struct {
			Workers *int `json:"workers"`
		}
		if decode(text, &body) == nil && !json.Valid([]byte(text)) {
			t.Errorf("accepted %q", text)
		}
	})
}
