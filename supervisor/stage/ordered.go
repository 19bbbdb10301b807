package stage

import (
	"slices"
	"strings"
)

// systemRoot is the variable without which a program of Windows cannot even load Winsock.
const systemRoot = "SYSTEMROOT"

// ordered puts variables into the order in which CreateProcess wants them: by name, letters of both cases
// alike. Of those that are one for Windows the last stays; SYSTEMROOT is added where there is none.
func ordered(env []string, root string) []string {
	last := map[string]string{}
	for _, entry := range env {
		last[fold(entry)] = entry
	}
	if _, ok := last[systemRoot]; !ok && root != "" {
		last[systemRoot] = systemRoot + "=" + root
	}
	names := make([]string, 0, len(last))
	for name := range last {
		names = append(names, name)
	}
	slices.Sort(names)
	sorted := make([]string, len(names))
	for i, name := range names {
		sorted[i] = last[name]
	}
	return sorted
}

// fold is the name of an entry as Windows compares it.
func fold(entry string) string {
	name, _, _ := strings.Cut(entry, "=")
	return strings.ToUpper(name)
}

// value finds a variable whatever the case of its name.
func value(env []string, name string) (string, bool) {
	for _, entry := range env {
		if fold(entry) == strings.ToUpper(name) {
			_, v, _ := strings.Cut(entry, "=")
			return v, true
		}
	}
	return "", false
}
