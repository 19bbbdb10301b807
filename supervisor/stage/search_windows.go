package stage

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defaultExtensions are added to a name for a worker whose environment has no PATHEXT.
const defaultExtensions = ".com;.exe;.bat;.cmd"

// search is how the program of a worker is found.
type search struct {
	directory string   // an absolute path
	env       []string // of the worker
}

// find gives the file that name means: in PATH where name has no folder, else from the directory. Unlike CreateProcess it
// does not look where supervise itself lies, nor where it is.
func (s search) find(name string) (string, error) {
	if strings.ContainsAny(name, `:\/`) {
		return s.findAt(name)
	}
	path, ok := value(s.env, "PATH")
	if !ok {
		root, _ := value(s.env, systemRoot)
		path = filepath.Join(root, "System32") + ";" + root
	}
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			continue
		}
		if file, ok := s.try(filepath.Join(s.absolute(dir), name)); ok {
			return file, nil
		}
	}
	return "", &Failure{Op: "run", Object: name, Cause: "no such program in PATH (" + path + ")"}
}

// findAt says what is wrong with the one place where name can be.
func (s search) findAt(name string) (string, error) {
	place := s.absolute(name)
	if file, ok := s.try(place); ok {
		return file, nil
	}
	info, err := os.Stat(place)
	switch {
	case err == nil && info.IsDir():
		return "", &Failure{Op: "run", Object: name, Cause: "it is a directory"}
	case err == nil:
		return "", &Failure{Op: "run", Object: name, Cause: "its name ends in none of PATHEXT (" + s.extensions() + ")"}
	case os.IsPermission(err):
		return "", &Failure{Op: "run", Object: name, Cause: "access denied"}
	}
	return "", &Failure{Op: "run", Object: name, Cause: "no such file"}
}

// absolute is where a path is that is meant from the directory. `\app` is on its drive; of `C:app` only the process
// itself knows where that is.
func (s search) absolute(path string) string {
	switch {
	case filepath.VolumeName(path) != "":
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	case path != "" && os.IsPathSeparator(path[0]):
		return filepath.Clean(filepath.VolumeName(s.directory) + path)
	}
	return filepath.Join(s.directory, path)
}

// try gives the file at place, or the one with an extension added that is there.
func (s search) try(place string) (string, bool) {
	if filepath.Ext(place) != "" && isFile(place) {
		return place, true
	}
	for _, ext := range strings.Split(s.extensions(), ";") {
		if ext != "" && isFile(place+ext) {
			return place + ext, true
		}
	}
	return "", false
}

// extensions are those of the worker's PATHEXT, if programs are among them.
func (s search) extensions() string {
	list, _ := value(s.env, "PATHEXT")
	if list = strings.ToLower(list); slices.Contains(strings.Split(list, ";"), ".exe") {
		return list
	}
	return defaultExtensions
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
