//go:build unix && !linux

package stage

import "golang.org/x/sys/unix"

func closeOthersOnExec(keep []int) error { return markBelowLimit(keep) }

func dupTo(from, to int) error { return unix.Dup2(from, to) }
