package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// controlExample is how a control address begins.
const controlExample = "pipe://..."

// systemSID is the user that services run as.
const systemSID = "S-1-5-18"

// person is for whom a path is looked for: a fixed value in tests.
type person struct {
	sid, name string // name without a domain
	local     string // folder of programs' own files
	system    string // where SYSTEM's notes are
}

func self() person {
	sid, _ := pipe.User()
	account := pipe.Account(sid)
	p := person{sid: sid, name: account[strings.LastIndex(account, `\`)+1:], local: os.Getenv("LOCALAPPDATA")}
	if !filepath.IsAbs(p.local) {
		p.local = filepath.Join(os.TempDir(), p.name)
	}
	p.system = filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "supervise")
	return p
}

// folder is where notes and runtime folders are: %LOCALAPPDATA%\supervise, and %ProgramData%\supervise for SYSTEM. Pipes have no folders.
func (p person) folder() string {
	if p.sid == systemSID {
		return p.system
	}
	return filepath.Join(p.local, "supervise")
}

// defaultSocket is the control pipe of a configuration file or, without one, of a command: all users have one space of names.
func (p person) defaultSocket(name string) string {
	if p.sid == systemSID {
		return pipe.Path("supervise-" + baseName(name))
	}
	return pipe.Path("supervise-" + p.name + "-" + baseName(name))
}

// socketPath is the path of a control address on the command line.
func socketPath(address string) (string, error) {
	if pipe.IsPath(address) && !strings.Contains(address[len(pipe.Prefix):], `\`) {
		return address, nil
	}
	a, err := config.ParseAddress(address)
	switch {
	case strings.Contains(address, "://") && err != nil:
		return "", err
	case err != nil || a.Network != "pipe":
		return "", fmt.Errorf(`cannot use control address %q: on windows it is a named pipe, pipe://NAME or \\.\pipe\NAME`, address)
	}
	return pipe.Path(a.Path), nil
}

// longestStem bounds the name of a file that stands for a pipe.
const longestStem = 100

// stem is a name for files about a control pipe. A pipe's name may have characters that a file's has not.
func stem(socket string) string {
	name := url.QueryEscape(strings.ToLower(socket[len(pipe.Prefix):]))
	if len(name) > longestStem {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	}
	return name
}

// runtimeDir is the folder where workers' folders are. It is emptied at start.
func runtimeDir(socket string) string { return filepath.Join(self().folder(), stem(socket)+".run") }

// notePath is the file that says where a supervise listens, as long as it does: nobody can list pipes reliably.
func (p person) notePath(socket string) string {
	return filepath.Join(p.folder(), stem(socket)+noteSuffix)
}

const noteSuffix = ".pipe"

// socketsIn are the control pipes that the notes in a folder name, also those that are gone.
func socketsIn(folder string) []string {
	notes, _ := filepath.Glob(filepath.Join(folder, "*"+noteSuffix))
	var list []string
	for _, note := range notes {
		text, err := os.ReadFile(note)
		if path := string(text); err == nil && pipe.IsPath(path) && len(path) < 300 {
			list = append(list, path)
		}
	}
	return list
}
