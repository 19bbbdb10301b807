package control

import (
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

func TestForeignPipe(t *testing.T) {
	err := &UnreachableError{Path: `\\.\pipe\supervise-app`, Err: &pipe.ForeignError{Account: `SHOP\bob`}}
	for _, part := range []string{`cannot trust who answers at \\.\pipe\supervise-app`, `made by SHOP\bob`, `--control \\.\pipe\supervise-app`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: no word of %s", err, part)
		}
	}
}
