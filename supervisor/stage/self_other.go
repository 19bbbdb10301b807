//go:build unix && !linux

package stage

import "os"

func itself() process { return process{pid: os.Getpid(), parent: os.Getppid()} }
