package adopt

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// quickExit spares a child the second that the race detector waits at exit.
const quickExit = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	part, _, _ := strings.Cut(os.Getenv("ADOPT_CHILD"), " ")
	switch part {
	case "":
		os.Exit(m.Run())
	case "stage":
		playStage()
	case "manager":
		playManager()
	}
	os.Exit(1)
}

// playStage becomes the program of the arguments, under the filter. Descriptor 3 is its end of the pair.
func playStage() {
	runtime.LockOSThread()
	if err := Install(3, Filter{Paths: strings.HasSuffix(os.Getenv("ADOPT_CHILD"), "paths")}); err != nil {
		fmt.Println(err)
		return
	}
	_ = syscall.Close(3)
	env := append([]string{}, os.Environ()...)
	for i, e := range env {
		if strings.HasPrefix(e, "ADOPT_CHILD=") {
			env[i] = "ADOPT_WAS=" + e
		}
	}
	path, err := exec.LookPath(os.Args[1])
	if err == nil {
		err = syscall.Exec(path, os.Args[1:], env)
	}
	fmt.Println(err)
}
