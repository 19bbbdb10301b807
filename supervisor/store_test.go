package supervisor

import (
	"slices"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

// What is stored must never be more than the next worker can be started with.
func TestStoreHasRoom(t *testing.T) {
	short := storedFile{storedState: storedState{Name: "a"}}
	for name, tt := range map[string]struct {
		stored    []storedFile
		listeners int
		want      string
	}{
		"empty":            {nil, 1, ""},
		"last":             {slices.Repeat([]storedFile{short}, 127), 1, ""},
		"full":             {slices.Repeat([]storedFile{short}, 128), 1, `service "app" may store 128 descriptors (raise fd_store)`},
		"last beside many": {slices.Repeat([]storedFile{short}, 27), 200, ""},
		"many listeners":   {slices.Repeat([]storedFile{short}, 28), 200, "a worker can be given 228 listeners and stored descriptors at most"},
	} {
		s := &service{name: "app", store: store{stored: tt.stored}}
		got := ""
		if err := s.hasRoom(&config.Service{FDStore: 128, Listeners: make([]string, tt.listeners)}); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
