package doctor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Verb is the first argument with which the program has to call Main.
const Verb = "probe"

// patience bounds the probe as a whole; it takes some milliseconds.
const patience = 20 * time.Second

// Ask has a process of its own try everything: program with Verb. What goes wrong with that is in MissingAnswer.
func Ask(ctx context.Context, program string) Facts {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	facts, err := ask(ctx, program)
	if err != nil {
		return Facts{MissingAnswer: err.Error()}
	}
	return facts
}

func ask(ctx context.Context, program string) (f Facts, err error) {
	target := exec.CommandContext(ctx, program, Verb, "wait")
	in, err := target.StdinPipe()
	if err != nil {
		return f, err
	}
	out, err := target.StdoutPipe()
	if err != nil {
		return f, err
	}
	if err := target.Start(); err != nil {
		return f, err
	}
	defer func() { in.Close(); _ = target.Wait() }()
	address, err := bufio.NewReader(io.LimitReader(out, 64)).ReadString('\n') // of something to read in its memory
	if err != nil {
		return f, fmt.Errorf("the process to be looked at has ended: %w", err)
	}
	var stderr bytes.Buffer
	probe := exec.CommandContext(ctx, program, Verb, strconv.Itoa(target.Process.Pid), strings.TrimSpace(address))
	probe.Stderr = &stderr
	answer, err := probe.Output()
	if err != nil {
		return f, fmt.Errorf("the process that tries has failed: %w%s", err, lastWords(stderr.String()))
	}
	return f, json.Unmarshal(answer, &f)
}

func lastWords(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return ""
	}
	return " (" + line + ")"
}

// Main is one of the two processes: with "wait" the one to be looked at, which ends with its input; with the number of that one and an
// address in its memory, the one that tries. It gives the exit code.
func Main(args []string) int {
	if len(args) == 1 && args[0] == "wait" {
		return wait()
	}
	if len(args) == 2 {
		pid, err := strconv.Atoi(args[0])
		address, failed := strconv.ParseUint(args[1], 16, 64)
		if err == nil && failed == nil && pid > 0 {
			return report(try(pid, uintptr(address)))
		}
	}
	return report(Facts{}, errors.New("supervise probe: this is started by supervise doctor, not by hand"))
}

func report(f Facts, err error) int {
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}
