package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// runnable is nil or why a file cannot be run, in words: execve(2) calls a folder "permission denied", and a script whose interpreter
// is missing "no such file".
func runnable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file")
	case info.Mode().Perm()&0o111 == 0:
		return errors.New("it is not executable (chmod +x)")
	}
	interpreter := interpreterOf(path)
	if interpreter == "" {
		return nil
	}
	if _, err := os.Stat(interpreter); err != nil {
		return fmt.Errorf("its interpreter %q cannot be run: %w", interpreter, errors.Unwrap(err))
	}
	return nil
}

// firstLine is how much of a script the kernel reads for its interpreter, in bytes.
const firstLine = 256

// interpreterOf is the program that runs a script; "" for what is none, or cannot be read.
func interpreterOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, firstLine)
	n, _ := io.ReadFull(f, head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	command, isScript := strings.CutPrefix(line, "#!")
	if fields := strings.Fields(command); isScript && len(fields) > 0 {
		return fields[0]
	}
	return ""
}
