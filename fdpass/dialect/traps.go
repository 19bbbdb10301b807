package dialect

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Traps returns what is likely to go wrong when these sockets are handed over by the named conventions, one
// sentence each, with what to do instead. It is what `supervise check` warns of. Unknown names say nothing here.
func Traps(names []string, in Input) []string {
	list, err := lookup(names, in.System)
	if err != nil {
		return nil
	}
	out := wrapperTraps(names, in)
	for _, d := range list {
		if d.traps != nil && len(in.Sockets)+len(in.Stored) > 0 {
			out = append(out, d.traps(in)...)
		}
	}
	return out
}

// Notes returns what the programs of the named conventions want of their own configuration, a sentence each. It is always so and
// nothing need be wrong: what `supervise check` tells besides.
func Notes(names []string, in Input) []string {
	list, err := lookup(names, in.System)
	if err != nil || len(in.Sockets) == 0 {
		return nil
	}
	var out []string
	for _, d := range list {
		if d.notes != nil {
			out = append(out, d.notes(in)...)
		}
	}
	return out
}

// wrapperTraps is about commands that start the program in another process, where the pids that the environment
// names are not its own.
func wrapperTraps(names []string, in Input) []string {
	wrapper, forks := wrapperOf(in.Command)
	if !forks || len(in.Sockets) == 0 {
		return nil
	}
	if wrapper == "docker" || wrapper == "nerdctl" {
		return []string{fmt.Sprintf("%s has a service start its containers, which gets no sockets (use podman, which passes LISTEN_FDS on, or a proxy to the container's port)", wrapper)}
	}
	var out []string
	own := in.ListenPID == "" || in.ListenPID == "own"
	if slices.Contains(names, "systemd") && own {
		out = append(out, fmt.Sprintf("LISTEN_PID names %s, so a program that it starts takes no sockets (%s%s)", wrapper, insteadOf(wrapper), orOmit(wrapper)))
	}
	if slices.Contains(names, "einhorn") && !slices.Contains(names, "systemd") {
		out = append(out, fmt.Sprintf("EINHORN_MASTER_PID names the parent of %s, so a program that it starts takes no sockets (%s)", wrapper, insteadOf(wrapper)))
	}
	return out
}

// wrapperOf returns the program of the command if it usually starts another one beside itself.
func wrapperOf(command []string) (string, bool) {
	if len(command) == 0 {
		return "", false
	}
	name := filepath.Base(command[0])
	switch name {
	case "sh", "bash", "dash", "ash", "ksh", "zsh", "busybox":
		script := slices.IndexFunc(command, func(arg string) bool { return isScriptFlag(arg) })
		return name, script > 0 && script+1 < len(command) && !slices.Contains(strings.Fields(command[script+1]), "exec")
	case "npm", "npx", "yarn", "pnpm", "make", "sudo", "su", "runuser", "doas":
		return name, true
	case "docker", "nerdctl":
		return name, slices.Contains(command, "run")
	}
	return name, false
}

// isScriptFlag reports whether arg is -c, alone or among other letters (-ec).
func isScriptFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && strings.HasSuffix(arg, "c")
}

// insteadOf says how to do without the wrapper.
func insteadOf(wrapper string) string {
	switch wrapper {
	case "npm", "npx", "yarn", "pnpm", "make":
		return "run the program itself"
	case "sudo", "su", "runuser", "doas":
		return "set user instead"
	}
	return `write "exec" before the program in the script`
}

// orOmit is the other way out, for wrappers that pass descriptors on: sudo and doas close them.
func orOmit(wrapper string) string {
	if wrapper == "sudo" || wrapper == "doas" {
		return ""
	}
	return `, or set listen_pid = "omit"`
}

// program reports whether the command runs one of these, also by an interpreter or a launcher (bundle exec puma).
func (in Input) program(names ...string) bool {
	for _, arg := range in.Command[:min(3, len(in.Command))] {
		if slices.Contains(names, filepath.Base(arg)) {
			return true
		}
	}
	return false
}

// each makes a sentence for every socket that passes.
func each(in Input, pass func(Socket) bool, sentence func(Socket) string) []string {
	var out []string
	for _, s := range in.Sockets {
		if pass(s) {
			out = append(out, sentence(s))
		}
	}
	return out
}

// listing joins what f makes of the sockets that have it.
func listing(in Input, f func(Socket) string) string {
	var out []string
	for _, s := range in.Sockets {
		if text := f(s); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}
