// Command orphan leaves a child behind: it starts itself, says on standard output which process that is, and ends. The child
// ends with its standard input.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 {
		io.Copy(io.Discard, os.Stdin)
		return
	}
	child := exec.Command("/proc/self/exe", "child")
	child.Stdin = os.Stdin
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(child.Process.Pid)
}
