package main

import (
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// What others have stored may be given up, a listener may not.
func TestRefuseStuck(t *testing.T) {
	for name, want := range map[string]string{
		"store/app/1": "", "stored/fdholder/2": "", "listener/1": `cannot take over "listener/1": the kernel does not hand it over now`,
	} {
		got := ""
		if err := refuseStuck(keeper.Inventory{Stuck: []string{"store/app/9", name}}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
