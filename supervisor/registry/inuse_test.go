package registry

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestAdviceAgainst(t *testing.T) {
	nginx := fdpass.Holder{PID: 7, Command: "nginx"}
	for name, c := range map[string]struct {
		network string
		from    *config.TakeFrom
		holders []fdpass.Holder
		want    string
	}{
		"a server":         {"tcp", nil, []fdpass.Holder{nginx, {PID: 8}}, `take_from = "pid:7"`},
		"another pid":      {"tcp", &config.TakeFrom{Kind: "pid", PID: 9}, []fdpass.Holder{nginx}, `take_from = "pid:7"`},
		"another spelling": {"tcp", &config.TakeFrom{Kind: "pid", PID: 7}, []fdpass.Holder{nginx}, "write the address as that process has it"},
		"a supervise":      {"unix", nil, []fdpass.Holder{{PID: 7, Command: "supervise"}}, "another supervise has it"},
		"nobody":           {"tcp4", nil, nil, "no process that is visible here has it"},
		"nobody, a path":   {"unix", nil, nil, ""},
		"us":               {"tcp", nil, []fdpass.Holder{{PID: os.Getpid()}}, ""},
		"hidden":           {"tcp", nil, []fdpass.Holder{{UID: 33}}, ""},
	} {
		i := &item{spec: fdpass.Spec{Address: fdpass.Address{Network: c.network}}, from: c.from}
		if got := i.adviceAgainst(c.holders); !strings.Contains(got, c.want) || got != "" && c.want == "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
