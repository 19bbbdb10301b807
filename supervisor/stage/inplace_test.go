//go:build linux

package stage

import (
	"errors"
	"strings"
	"testing"
)

func TestInPlaceRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		plan Plan
		from []int
		want string
	}{
		"nothing":    {Plan{}, nil, "its command is empty"},
		"twice":      {Plan{Command: []string{"true"}, Numbers: []int{3, 3}}, []int{5, 6}, "given once"},
		"not open":   {Plan{Command: []string{"true"}, Numbers: []int{3}}, []int{1 << 19}, "cannot pass on descriptor"},
		"a variable": {Plan{Command: []string{"true"}, Env: []string{"=x"}}, nil, "it must look like NAME=VALUE"},
	} {
		err := InPlace(c.plan, c.from)
		var f *Failure
		if !errors.As(err, &f) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCarryOutRefuses(t *testing.T) {
	for _, number := range []string{"", "x", "-1", "99999"} {
		if err := carryOut(number); err == nil || !strings.Contains(err.Error(), "not by hand") {
			t.Errorf("%q: %v", number, err)
		}
	}
}
