//go:build unix

package supervisor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// TestProcManagerModel lets several people use one supervise at random at the same time, with real processes: every call must
// come back, and in the end nothing may be left. It looks for what the loops of the manager and of the services do to each other.
func TestProcManagerModel(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 1
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runCrowd(t, uint64(seed)) })
	}
}

// crowd is some people and what they can do.
type crowd struct {
	*rig
	seed uint64
}

func runCrowd(t *testing.T, seed uint64) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err != nil { // the runtime's poller has two descriptors of its own from the first socket on
		t.Fatal(err)
	} else {
		l.Close()
	}
	before := descriptors(os.Getpid())
	t.Run("use", func(t *testing.T) {
		c := &crowd{rig: newRig(t, crowdConfig(rand.New(rand.NewPCG(seed, 0)))), seed: seed}
		var all sync.WaitGroup
		for person := range 4 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(person)+1))
				for range 25 {
					c.act(random)
				}
			})
		}
		done := make(chan error)
		go func() { all.Wait(); close(done) }()
		_ = c.soon(done)
		c.checkQuiet()
		if seed%2 == 1 { // others go on while supervise ends
			for person := range 3 {
				all.Go(func() {
					random := rand.New(rand.NewPCG(seed, uint64(person)+10))
					for range 10 {
						c.act(random)
					}
				})
			}
		}
		c.m.Shutdown()
		<-c.m.done
		all.Wait()
		if left, _ := filepath.Glob(c.dir + "/*"); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
	if got := descriptorsBut(os.Getpid(), before); got > before {
		list, _ := filepath.Glob("/proc/self/fd/*")
		for i, name := range list {
			list[i], _ = os.Readlink(name)
		}
		t.Errorf("%d descriptors, had %d: %q", got, before, list)
	}
}

var crowdNames = []string{"a", "b", "c", "d"}

// act does one thing. Errors are part of it: services come and go.
func (c *crowd) act(random *rand.Rand) {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	if random.IntN(4) == 0 {
		cancel() // impatient
	}
	name := crowdNames[random.IntN(len(crowdNames))]
	var err error
	switch random.IntN(13) {
	case 0, 1:
		err = c.m.Restart(ctx, name, nil)
	case 2:
		err = c.m.Start(ctx, name, nil)
	case 3:
		err = c.m.Stop(ctx, name, nil)
	case 4:
		err = c.m.Scale(ctx, name, random.IntN(4), nil)
	case 5, 6:
		c.rewrite(crowdConfig(random))
		_, err = c.m.Reload(ctx, nil)
	case 7:
		_, err = c.m.Status(ctx, nil)
	case 8:
		err = c.m.Signal(ctx, name, "KILL")
	case 9:
		err = c.m.Rollback(ctx, "a", nil)
	case 10:
		err = c.m.Promote(ctx, "a", random.IntN(2) == 0, nil)
	case 11:
		err = c.m.RestartCanary(ctx, "a", config.Canary{Share: 0.5, For: time.Duration(random.IntN(2)) * time.Millisecond}, nil)
	default:
		err = c.m.Logs(ctx, name, 10, false, func(output.Line) error { return nil })
	}
	if err != nil && strings.Contains(err.Error(), "internal error") {
		c.t.Error(err)
	}
}

// crowdConfig is some of the services, each in one of several shapes.
func crowdConfig(random *rand.Rand) string {
	var text strings.Builder
	fmt.Fprintf(&text, "listener \"web\" {\n address = \"tcp://127.0.0.1:0\"\n backlog = %d\n}\n", 10+random.IntN(5))
	if runtime.GOOS == "linux" {
		text.WriteString("listener \"own\" {\n address = \"tcp://127.0.0.1:0\"\n sharing = \"generation\"\n}\n")
	}
	earlier := ""
	for _, name := range crowdNames {
		if random.IntN(4) == 0 {
			continue
		}
		command := []string{"/bin/sleep", "/bin/sleep", "/bin/sleep", "DIR/nothing"}[random.IntN(4)]
		listener, rollout := "web", fmt.Sprintf("strategy = %q", []string{"overlap", "replace", "rolling"}[random.IntN(3)])
		if name == "a" && runtime.GOOS == "linux" {
			listener, rollout = "own", []string{"", " keep_old = \"50ms\"", " keep_old = \"1h\"", "\n canary {\n share = \"5%\"\n for = \"1s\"\n }\n"}[random.IntN(4)]
		}
		fmt.Fprintf(&text, "service %q {\n command = [%q, \"1000\"]\n listeners = [%q]\n workers = %d\n nice = %d\n", name, command, listener, random.IntN(3), random.IntN(3))
		fmt.Fprintf(&text, "ready { when = \"started\" }\nstop { timeout = \"1s\" }\nrestart {\n backoff = \"1ms\"\n backoff_max = \"20ms\"\n}\n")
		fmt.Fprintf(&text, "rollout {%s}\n", rollout)
		if earlier != "" && random.IntN(2) == 0 {
			fmt.Fprintf(&text, "depends_on = [%q]\n", earlier)
		}
		if random.IntN(3) == 0 {
			text.WriteString("hooks {\n before_start = [\"/bin/true\"]\n before_stop = [\"/bin/false\"]\n}\n")
		}
		text.WriteString("}\n")
		earlier = name
	}
	if earlier == "" {
		text.WriteString(quick("a", ""))
	}
	return text.String()
}

// checkQuiet gives every service something that works and checks that all of it runs.
func (c *crowd) checkQuiet() {
	var text strings.Builder
	for _, name := range crowdNames {
		text.WriteString(quick(name, "workers = 2"))
	}
	c.rewrite(text.String())
	for { // impatient people have left reloads behind
		_, err := c.m.Reload(c.t.Context(), nil)
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "still going on") {
			c.t.Fatalf("reload: %v", err)
		}
		runtime.Gosched()
	}
	for _, name := range crowdNames {
		if err := c.m.Start(c.t.Context(), name, nil); err != nil {
			c.t.Errorf("start of %s: %v", name, err)
		}
		if err := c.m.Scale(c.t.Context(), name, 2, nil); err != nil {
			c.t.Errorf("scale of %s: %v", name, err)
		}
		c.awaitQuiet(name, 2)
	}
	for _, s := range c.status().Services {
		if s.State != "running" {
			c.t.Errorf("status %+v", s)
		}
	}
	select {
	case <-c.m.Started():
	case <-time.After(30 * time.Second):
		c.t.Error("not started, though all of it runs")
	}
}
