//go:build !linux

package adopt

import (
	"context"
	"errors"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

var errUnsupported = errors.New("adopting programs that know nothing of it is not supported on this system")

func install(int, Filter) error { return errUnsupported }

func supported() error { return errUnsupported }

func pair() (ours, theirs *fdpass.Descriptor, err error) { return nil, nil, errUnsupported }

func newPage() (*fdpass.Descriptor, error) { return nil, errUnsupported }

func receive(context.Context, *fdpass.Descriptor, func(*fdpass.Descriptor) error) (*fdpass.Descriptor, error) {
	return nil, errUnsupported
}

func serve(context.Context, Options) error { return errUnsupported }

func inodeOf(*fdpass.Descriptor) uint64 { return 0 }
