package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// The exit codes.
const (
	codeFailed  = control.CodeFailed
	codeUsage   = control.CodeUsage
	codeConfig  = control.CodeConfig
	codeNobody  = control.CodeNobody
	codeUnbound = control.CodeUnbound
)

// exitError ends the program with a code; without err everything has been said.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is a command line that is not understood.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &exitError{code: codeUsage, err: fmt.Errorf(format, args...), hint: fmt.Sprintf("See %s --help.", cmd.CommandPath())}
}

// verdict gives the exit code for an error and what to print.
func verdict(err error) (code int, text, hint string) {
	var (
		exit    *exitError
		remote  *control.Error
		invalid *config.Error
		unbound *fdpass.OpenError
		nobody  *control.UnreachableError
	)
	switch {
	case errors.As(err, &exit):
		return exit.code, exit.Error(), exit.hint
	case errors.As(err, &remote):
		return max(remote.Result.Code, codeFailed), remoteText(remote), ""
	case errors.As(err, &invalid):
		return codeConfig, err.Error(), ""
	case errors.As(err, &unbound):
		return codeUnbound, err.Error(), ""
	case errors.As(err, &nobody) && isNobody(nobody):
		return codeNobody, err.Error(), ""
	}
	return codeFailed, err.Error(), ""
}

// isNobody tells a supervise that does not run from one that cannot be reached.
func isNobody(e *control.UnreachableError) bool {
	return errors.Is(e.Err, fs.ErrNotExist) || errors.Is(e.Err, syscall.ECONNREFUSED)
}

// remoteText is what the running supervise says, with the worker's last lines, or the name that was probably meant.
func remoteText(e *control.Error) string {
	r := e.Result
	text := r.Error
	if r.Kind != "" {
		text = fmt.Sprintf("there is no %s %q", r.Kind, r.Name)
		text += hintName(r.Kind, r.Name, r.Known)
	}
	if len(r.Output) > 0 {
		text += "\nlast lines of its output:"
		for _, line := range r.Output {
			text += "\n  | " + line
		}
	}
	return text
}
