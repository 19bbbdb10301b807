package config

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// paths is what paths of a file mean on the system that the file is for, which need not be this one.
type paths struct {
	windows bool
	folder  string // absolute; relative paths start there
}

// pathsOf gives the paths of a configuration file on a system.
func pathsOf(filename, system string) (paths, error) {
	p := paths{windows: system == "windows"}
	if p.isAbs(filename) {
		p.folder = p.dir(filename)
		return p, nil
	}
	folder, err := filepath.Abs(filepath.Dir(filename))
	if err != nil { // the working folder is gone
		return p, err
	}
	if runtime.GOOS == "windows" && !p.windows { // there is no drive there
		folder = filepath.ToSlash(folder[len(filepath.VolumeName(folder)):])
	}
	p.folder = p.clean(folder)
	return p, nil
}

// absolute gives a path of the file as one that does not depend on where supervise was started.
func (p paths) absolute(written string) (string, *refusal) {
	if !p.windows {
		return p.absoluteUnix(written)
	}
	volume, rest := splitVolume(written)
	rooted := strings.HasPrefix(rest, `\`)
	switch bad := strings.IndexFunc(rest, notInName); {
	case isDevice(volume):
		return volume + rest, nil
	case bad >= 0:
		return "", &refusal{cause: fmt.Sprintf("%q: Windows has no %q in names of files", shorten(written), rune(rest[bad])), advice: "Take another name."}
	case volume != "" && !rooted:
		return "", &refusal{cause: fmt.Sprintf("%q is relative to the working folder of drive %s", shorten(written), volume), advice: fmt.Sprintf(`Write %s/%s.`, volume, rest)}
	case volume != "":
		return p.clean(written), nil
	case rooted: // of the drive of the file
		volume, _ = splitVolume(p.folder)
		return p.clean(volume + rest), nil
	}
	return p.clean(p.folder + `\` + rest), nil
}

func (p paths) absoluteUnix(written string) (string, *refusal) {
	if volume, rest := splitVolume(written); volume != "" && (strings.HasPrefix(rest, `\`) || isDevice(volume)) && !strings.HasPrefix(written, "/") {
		return "", &refusal{cause: fmt.Sprintf("%q is a path of Windows", shorten(written)), advice: "Write one that every system has: relative to the folder of the file, or from the root."}
	}
	if path.IsAbs(written) {
		return path.Clean(written), nil
	}
	return path.Join(p.folder, written), nil
}

func (p paths) isAbs(s string) bool {
	if !p.windows {
		return path.IsAbs(s)
	}
	volume, rest := splitVolume(s)
	return isDevice(volume) || volume != "" && strings.HasPrefix(rest, `\`)
}

// clean is filepath.Clean of the system.
func (p paths) clean(s string) string {
	if !p.windows {
		return path.Clean(s)
	}
	volume, rest := splitVolume(s)
	return volume + strings.ReplaceAll(path.Clean(strings.ReplaceAll(rest, `\`, "/")), "/", `\`)
}

func (p paths) dir(s string) string {
	if !p.windows {
		return path.Dir(s)
	}
	volume, rest := splitVolume(s)
	return volume + strings.ReplaceAll(path.Dir(strings.ReplaceAll(rest, `\`, "/")), "/", `\`)
}

// base is the last part of a path; "" of nothing but folders.
func (p paths) base(s string) string {
	if p.windows {
		_, s = splitVolume(s)
		s = strings.ReplaceAll(s, `\`, "/")
	}
	return path.Base(s)
}

// splitVolume parts a path of Windows: C:, \\server\share, or \\?\ and \\.\ before what goes to the system as it is. All slashes
// become backslashes. Source: "Naming Files, Paths, and Namespaces".
func splitVolume(s string) (volume, rest string) {
	s = strings.ReplaceAll(s, "/", `\`)
	switch {
	case len(s) >= 2 && s[1] == ':' && isLetter(s[0]):
		return s[:2], s[2:]
	case strings.HasPrefix(s, `\\?\`) || strings.HasPrefix(s, `\\.\`):
		return s[:4], s[4:]
	case !strings.HasPrefix(s, `\\`):
		return "", s
	}
	server, tail, _ := strings.Cut(s[2:], `\`)
	share, _, _ := strings.Cut(tail, `\`)
	if server == "" || share == "" {
		return "", s
	}
	end := 2 + len(server) + 1 + len(share)
	return s[:end], cmp.Or(s[end:], `\`)
}

func isDevice(volume string) bool { return volume == `\\?\` || volume == `\\.\` }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// notInName is whether Windows refuses a character in the name of a file.
func notInName(c rune) bool { return c < ' ' || strings.ContainsRune(`<>:"|?*`, c) }
