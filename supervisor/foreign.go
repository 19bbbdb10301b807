package supervisor

import (
	"runtime"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
)

// foreign is whether a configuration is for another system than this one. It can be planned, but this machine's users, files and limits
// say nothing of it.
func foreign(c *config.Config) bool {
	return c != nil && c.System != "" && c.System != runtime.GOOS
}

// plannedFolder is the worker's own folder, in the words of the system that it is for.
func (h *host) plannedFolder(s spec) string {
	folder := h.folder(s)
	switch {
	case !foreign(s.all):
		return folder
	case s.all.System == "windows":
		return strings.ReplaceAll(folder, "/", `\`)
	}
	return strings.ReplaceAll(folder, `\`, "/")
}
