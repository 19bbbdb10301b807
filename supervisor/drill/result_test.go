package drill

import (
	"encoding/json"
	"strings"
	"testing"
)

func sample() Result {
	return Result{
		Restarts: 20, Attempts: 20021, OK: 20000, Refused: 1, Reset: 2, EOF: 3, Timeout: 4, Other: 11,
		Latency: Latency{P50: 0.66, P99: 1.5, Max: 12.345},
		Failed:  []string{"not in the JSON"},
	}
}

func TestResultJSON(t *testing.T) {
	for name, r := range map[string]Result{"result.json": sample(), "zero.json": {}} {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(b)+"\n")
	}
}

func TestResultExplain(t *testing.T) {
	golden(t, "explain.txt", strings.Join(sample().Explain(), "\n\n")+"\n")
	if got := (Result{Attempts: 1, OK: 1}).Explain(); got != nil {
		t.Errorf("nothing lost, but explained: %q", got)
	}
	if got := (Result{EOF: 7}).Explain(); len(got) != 1 || !strings.HasPrefix(got[0], "7 eof: ") {
		t.Errorf("got %q", got)
	}
}

func TestResultLost(t *testing.T) {
	if r := sample(); r.Lost() != 21 || r.OK+r.Lost() != r.Attempts {
		t.Errorf("got %d", r.Lost())
	}
}
