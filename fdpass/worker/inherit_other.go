//go:build !unix

package worker

import (
	"errors"
	"os"
	"runtime"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

func inherit(dialect.Received) (*os.File, error) {
	return nil, errors.New("cannot take over listeners: not supported on " + runtime.GOOS + " yet (run without LISTEN_FDS)")
}

func kindOf(*os.File) kind { return other }
