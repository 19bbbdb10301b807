package fdpass

import "os"

// NewMemory makes an empty file that has no path and lives as long as somebody has it open (memfd_create(2)); it can be
// sealed (F_ADD_SEALS of fcntl(2)). The name is for people who look into /proc/PID/fd. The caller owns it. All who are to use
// it must have duplicates of this one descriptor: they share its position.
func NewMemory(name string) (*os.File, error) { return newMemory(name) }
