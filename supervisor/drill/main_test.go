package drill

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// childTarget makes the test binary the client that has no descriptors left.
const childTarget = "DRILL_TEST_STARVE_AND_CONNECT_TO"

func TestMain(m *testing.M) {
	if address := os.Getenv(childTarget); address != "" {
		starve(address)
		return
	}
	os.Exit(m.Run())
}

// starve prints what Run says when open files are at their limit. One connection is made before, so that the poller is set up.
func starve(address string) {
	o := Options{Targets: []Target{{"tcp", address}}, HTTP: "/", Connections: 1, Clients: 1, Timeout: 20 * time.Millisecond}
	first, err := Run(context.Background(), o)
	fmt.Println(first.OK, err)
	limit := syscall.Rlimit{Cur: 0, Max: 0}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		fmt.Println(err)
	}
	second, err := Run(context.Background(), o)
	fmt.Println(second.Attempts, errors.Is(err, errLocal), errors.Is(err, syscall.EMFILE))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}
