package chaos

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	kills    = flag.Int("chaos.kills", 20, "how often TestProcChaosKillManager kills the manager")
	upgrades = flag.Int("chaos.upgrades", 5, "how often TestProcChaosUpgrade upgrades")
	rounds   = flag.Int("chaos.rounds", 40/thinner, "how many things TestProcChaosRandom breaks")
	seed     = flag.Uint64("chaos.seed", 1, "what TestProcChaosRandom draws from")
	all      = flag.Bool("chaos.all", false, "TestProcChaosEveryStep and EveryRequest go through all combinations")
	stride   = flag.Int("chaos.stride", 7*thinner, "TestProcChaosEveryRequest and EveryVerb kill the manager at every stride-th request; 1: at each")
)

// patience is how long anything may take before a test is given up; it decides nothing else.
const patience = 2 * time.Minute

// program is the supervise under test.
var program string

// TestMain makes the test binary four programs: the tests, a worker, a hook, and what stands between a manager and its keeper.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "worker":
			os.Exit(work())
		case "sign":
			os.Exit(sign(os.Args[2]))
		case "hook":
			os.Exit(hook(os.Args[2]))
		case "proxy":
			os.Exit(proxy(os.Args[2:]))
		}
	}
	flag.Parse()
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else every program with the race detector in it takes a second to end
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "supervise")
	if err := build(program); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build makes a supervise, of which the race detector is part if it is part of the test.
func build(path string) error {
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "../../cmd/supervise")...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
