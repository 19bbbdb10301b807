// Package windows_test runs supervise and the worker of examples/hello as programs of Windows, under Wine, and puts load on them from here.
package windows_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := leave(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot end Wine:", err)
		code = 1
	}
	os.Exit(code)
}

// wine is a Wine of our own, with the programs.
type wine struct{ dir string }

// theWine is made by the first test that needs it, and for all.
var theWine = sync.OnceValues(func() (wine, error) {
	dir, err := os.MkdirTemp("", "windows-test-")
	if err != nil {
		return wine{}, err
	}
	w := wine{dir}
	for _, command := range [][]string{
		{filepath.Join("..", "..", ".ci", "wine"), "--setup", dir},
		{"go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "bin") + "/", "../../cmd/supervise", "../hello"},
		{"wineserver", "--persistent"}, // it stays, and must have nobody's pipe
		{"wine", "cmd", "/c", "exit"},
	} {
		if err := w.quietly(command...); err != nil {
			return w, err
		}
	}
	return w, nil
})

// enter gives the Wine, or skips the test where there is none. With SUPERVISE_REQUIRE_ALL=1, as CI sets it, that is a failure.
func enter(t *testing.T) wine {
	t.Helper()
	for tool, install := range map[string]string{"wine": "wine64 wine", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		reason := fmt.Sprintf("%s is not installed (apt-get install --no-install-recommends %s)", tool, install)
		if os.Getenv("SUPERVISE_REQUIRE_ALL") == "1" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	w, err := theWine()
	entered = w
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// entered is what leave removes.
var entered wine

func leave() error {
	if entered.dir == "" {
		return nil
	}
	err := entered.quietly("wineserver", "--kill")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil // it ran no more
	}
	return errors.Join(err, os.RemoveAll(entered.dir))
}

// quietly runs a command and gives its output only if it fails. It comes to a file: a pipe would stay open as long as anything that
// Wine has started on the way.
func (w wine) quietly(command ...string) error {
	text, err := w.run(w.dir, command...)
	if err != nil {
		return fmt.Errorf("%q: %w\n%s", command, err, text)
	}
	return nil
}

// run runs a command in a folder, and gives what it prints.
func (w wine) run(dir string, command ...string) (string, error) {
	out, err := os.CreateTemp(w.dir, "output-")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := w.command(dir, command...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	text, readErr := os.ReadFile(out.Name())
	return string(text), errors.Join(err, readErr)
}

func (w wine) command(dir string, command ...string) *exec.Cmd {
	windows := command[0] != "go" && filepath.Base(command[0]) == command[0]
	if windows {
		command = append(still(), command...)
	}
	cmd := exec.Command(command[0], command[1:]...)
	if windows {
		cmd.Dir = dir
	}
	cmd.Env = append(os.Environ(), "GOOS=windows", "CGO_ENABLED=0", "WINEPREFIX="+filepath.Join(w.dir, "prefix"), "WINEARCH=win64", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=")
	return cmd
}

// still is what has a program start with addresses that are not random, where that is allowed: see .ci/wine.
var still = sync.OnceValue(func() []string {
	if exec.Command("setarch", "-R", "true").Run() != nil {
		return nil
	}
	return []string{"setarch", "-R"}
})

// program is one of ours.
func (w wine) program(name string) string { return filepath.Join(w.dir, "bin", name+".exe") }
