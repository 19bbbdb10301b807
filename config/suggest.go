package config

import (
	"fmt"
	"slices"
	"strings"
)

// suggest gives the name that was probably meant, "" when none is close.
func suggest(name string, known []string) string {
	best, bound := "", 1+len(name)/3
	folded := fold(name)
	for _, k := range known {
		if len(name) > 3*len(k)+3 {
			continue
		}
		if d := distance(folded, fold(k)); d <= bound && k != name {
			best, bound = k, d-1
		}
	}
	return best
}

// fold makes spellings equal that people mix up: case, - and _.
func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// distance is Levenshtein's, with a swap of neighbours as one step.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+differ(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}

// didYouMean is the advice for a name that does not exist: the close one, or all.
func didYouMean(name string, known []string, what string) string {
	if guess := suggest(name, known); guess != "" {
		return fmt.Sprintf("Did you mean %q?", guess)
	}
	if len(known) == 0 {
		return "There are no " + what + "."
	}
	return upperFirst(what) + " are " + list(known) + "."
}

// list joins quoted names; long lists are cut.
func list(names []string) string {
	const most = 40
	quoted := make([]string, 0, len(names))
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	text := strings.Join(quoted, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
