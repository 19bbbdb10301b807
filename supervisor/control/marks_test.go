package control

import (
	"slices"
	"testing"
	"time"
)

func TestMarks(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	type record struct {
		source string
		at     int
	}
	for name, c := range map[string]struct {
		from   int
		rounds [][]record
		want   []record
	}{
		"one round":                  {0, [][]record{{{"a", 1}, {"b", 2}}}, []record{{"a", 1}, {"b", 2}}},
		"from a time":                {1, [][]record{{{"a", 1}, {"a", 2}}}, []record{{"a", 2}}},
		"again":                      {0, [][]record{{{"a", 1}, {"b", 2}}, {{"a", 1}, {"b", 2}, {"a", 3}}}, []record{{"a", 1}, {"b", 2}, {"a", 3}}},
		"a source that was behind":   {0, [][]record{{{"a", 5}}, {{"b", 3}, {"a", 5}}}, []record{{"a", 5}, {"b", 3}}},
		"older than all":             {2, [][]record{{{"a", 5}}, {{"b", 1}, {"a", 5}}}, []record{{"a", 5}}},
		"a clock that was set back":  {0, [][]record{{{"a", 9}, {"a", 2}, {"a", 3}}}, []record{{"a", 9}, {"a", 2}, {"a", 3}}},
		"set back, and caught up":    {0, [][]record{{{"a", 3}}, {{"a", 3}, {"a", 4}, {"a", 1}}}, []record{{"a", 3}, {"a", 4}, {"a", 1}}},
		"three rounds of everything": {0, [][]record{{{"a", 1}}, {{"a", 1}, {"a", 2}}, {{"a", 1}, {"a", 2}, {"a", 3}}}, []record{{"a", 1}, {"a", 2}, {"a", 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarks[string](at(c.from))
			var got []record
			for _, round := range c.rounds {
				m.again()
				for _, r := range round {
					if m.fresh(r.source, at(r.at)) {
						got = append(got, r)
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
