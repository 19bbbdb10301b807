//go:build !linux

package fdpass

import "errors"

var errHangUps = errors.New("cannot watch for hang-ups: not supported on this system")

type hangUps struct{}

func newHangUps() (*HangUps, error) { return nil, errHangUps }

func (*hangUps) add(*Descriptor, uint32) error { return errHangUps }

func (*hangUps) remove(*Descriptor) {}

func (*hangUps) next() (uint32, error) { return 0, errHangUps }

func (*hangUps) close() error { return nil }

func sameDescription(a, b *Descriptor) bool { return a == b }
