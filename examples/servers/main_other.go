//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "cannot measure servers: not supported on this system (Linux tells which process holds which socket)")
	os.Exit(1)
}
