//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// tools are what is built once.
type tools struct {
	supervise string // the program
	bin       string // folder of the servers written in Go
	folder    string // of this package
	ports     *ports
}

// build makes the programs that the servers in list need.
func build(ctx context.Context, folder, dir string, list []server) (tools, error) {
	t := tools{supervise: filepath.Join(dir, "supervise"), bin: filepath.Join(dir, "gosrv"), folder: folder, ports: newPorts()}
	if err := compile(ctx, filepath.Join(folder, "..", ".."), "build", "-o", t.supervise, "./cmd/supervise"); err != nil {
		return t, err
	}
	if !slices.ContainsFunc(list, func(s server) bool { return s.install == "" }) {
		return t, nil
	}
	return t, compile(ctx, filepath.Join(folder, "gosrv"), "build", "-o", t.bin+"/", "./...")
}

func compile(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build in %s: %w\n%s", dir, err, out)
	}
	return nil
}
