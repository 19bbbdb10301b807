package dialect

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// circus is how Mozilla's Circus passes sockets: their numbers replace variables in the command.
//
//	chaussette --fd $(circus.sockets.web)      or ((circus.sockets.web))
//	$(circus.wid): the number of the worker from 1     $(circus.env.HOME): of the worker's environment
//
// Names are compared without regard to case. What it does not know it leaves as it is, except sockets: a
// listener that the service does not have is an error.
//
// Source: circus util.py, replace_gnu_args; process.py, format_args.
func circus() dialect { return dialect{name: "circus", traps: circusTraps} }

// Arguments returns the command with what the named conventions replace in it: circus's variables. It returns
// the command itself where they replace nothing, and is pure like Combine, whose result p is.
func Arguments(names []string, in Input, p Plan, command []string) ([]string, error) {
	if !slices.Contains(names, "circus") {
		return command, nil
	}
	variable := circusVariable()
	out := make([]string, len(command))
	for i, arg := range command {
		var failed error
		out[i] = variable.ReplaceAllStringFunc(arg, func(found string) string {
			value, err := circusValue(in, p, found)
			if err != nil && failed == nil {
				failed = err
			}
			return value
		})
		if failed != nil {
			return nil, fmt.Errorf("cannot replace variables in argument %.80q: %w", arg, failed)
		}
	}
	return out, nil
}

func circusVariable() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\$\(circus\.[\w.\-]+\)|\(\(circus\.[\w.\-]+\)\)`)
}

// circusValue is what stands for one variable: the variable itself, if it means nothing here.
func circusValue(in Input, p Plan, found string) (string, error) {
	key := strings.Trim(found, "$()")[len("circus."):]
	if strings.EqualFold(key, "wid") {
		return strconv.Itoa(in.Worker + 1), nil
	}
	group, name, _ := strings.Cut(key, ".")
	switch strings.ToLower(group) {
	case "sockets":
		for i, s := range in.Sockets {
			if strings.EqualFold(s.Name, name) {
				return strconv.Itoa(FD(p, i)), nil
			}
		}
		return "", fmt.Errorf("the service has no listener %q", name)
	case "env":
		for _, kv := range slices.Backward(in.Environ) {
			if k, value, _ := strings.Cut(kv, "="); strings.EqualFold(k, name) {
				return value, nil
			}
		}
	}
	return found, nil
}
