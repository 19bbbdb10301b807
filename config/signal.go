package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// signals are Linux's of signal(7), by number. The table is ours so that a file reads the same on every system.
var signals = [...]string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
	9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT",
	17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP", 20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU", 23: "SIGURG", 24: "SIGXCPU",
	25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
}

// The C library keeps 32 and 33 for itself: SIGRTMIN is 34 for every program, signal(7).
const (
	signalRealTimeMin = 34
	signalRealTimeMax = 64
)

// ParseSignal reads a signal as people write it ("SIGTERM", "TERM", "term", "15", "SIGRTMIN+3") and gives its full name.
func ParseSignal(s string) (string, error) {
	if number, err := strconv.Atoi(s); err == nil {
		return signalName(number, s)
	}
	name := strings.ToUpper(strings.TrimSpace(s))
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if number, ok := SignalNumber(name); ok {
		return signalName(number, s)
	}
	advice := `write a name like "SIGTERM"; all are in signal(7)`
	if guess := suggest(name, signals[1:]); guess != "" && s != "" {
		advice = fmt.Sprintf("did you mean %q?", guess)
	}
	return "", &refusal{value: s, cause: "there is no such signal", advice: advice}
}

func signalName(number int, written string) (string, error) {
	switch {
	case number >= 1 && number < len(signals):
		return signals[number], nil
	case number == signalRealTimeMin:
		return "SIGRTMIN", nil
	case number > signalRealTimeMin && number <= signalRealTimeMax:
		return fmt.Sprintf("SIGRTMIN+%d", number-signalRealTimeMin), nil
	case number == 32 || number == 33:
		return "", &refusal{value: written, cause: "the C library uses this signal itself", advice: "real-time signals for programs start at 34"}
	}
	return "", &refusal{value: written, cause: "there is no such signal", advice: "signals are 1 to 64"}
}

// SignalNumber gives Linux's number of a full name such as "SIGTERM" or "SIGRTMIN+3"; false when there is no such signal.
// Other systems have other numbers for the same names.
func SignalNumber(name string) (int, bool) {
	if name == "" {
		return 0, false
	}
	if n := slices.Index(signals[:], name); n > 0 {
		return n, true
	}
	tail, ok := strings.CutPrefix(name, "SIGRTMIN")
	if !ok {
		return 0, false
	}
	if tail == "" {
		return signalRealTimeMin, true
	}
	offset, err := strconv.ParseUint(strings.TrimPrefix(tail, "+"), 10, 8)
	number := signalRealTimeMin + int(offset)
	if err != nil || tail[0] != '+' || number > signalRealTimeMax {
		return 0, false
	}
	return number, true
}
