package supervisor

import (
	"runtime"

	"github.com/seed-da40d5ac/supervise/config"
)

// foreign is whether a configuration is for another system than this one. It can be planned, but this machine's users, files and limits
// say nothing of it.
func foreign(c *config.Config) bool {
	return c != nil && c.System != "" && c.System != runtime.GOOS
}
