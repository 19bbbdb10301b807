//go:build linux

package systemd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// target is all there is to a target. Units are ordered after the standard ones by default.
const target = "[Unit]\nDescription=%s\nDefaultDependencies=no\n"

// install lays out the machine's /etc and /usr/local/bin.
func (m *machine) install(settings string) {
	m.t.Helper()
	settings = "[Service]\nStandardOutput=append:/run/output\nStandardError=append:/run/output\n" + older(m.t) + settings
	m.write("etc/systemd/system/supervise.service.d/test.conf", settings)
	m.write("etc/systemd/system/supervise@.service.d/test.conf", settings)
	m.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	m.write("etc/group", "root:x:0:\n")
	for _, name := range []string{"machine", "sysinit", "basic", "shutdown", "multi-user", "network-online", "sockets"} {
		m.write("etc/systemd/system/"+name+".target", fmt.Sprintf(target, name))
	}
	m.copy("etc/systemd/system/", "supervise.service", "supervise@.service", "web.socket")
	m.copy("etc/supervise/", "app.hcl")
	if err := programs(); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Symlink(os.Getenv(binFolder), filepath.Join(m.dir, "bin")); err != nil {
		m.t.Fatal(err)
	}
}

// older is what README.md says about a systemd that does not know Type=notify-reload; "" for others.
func older(t *testing.T) string {
	t.Helper()
	if os.Getenv(otherSystemd) != "" {
		return "" // it is given to look at a newer one
	}
	out, err := exec.CommandContext(t.Context(), "systemctl", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(out)) // systemd 252 (252.38-1~deb12u1)
	if version, err := strconv.Atoi(words[1]); err != nil || version >= 253 {
		return ""
	}
	return "Type=notify\nExecReload=kill -HUP $MAINPID\n"
}

// write writes a file of the machine, below its folder.
func (m *machine) write(name, content string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// copy installs files of this folder as they are.
func (m *machine) copy(folder string, names ...string) {
	m.t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			m.t.Fatal(err)
		}
		m.write(folder+name, string(text))
	}
}

// programs compiles what the machines have in /usr/local/bin, once.
var programs = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", os.Getenv(binFolder)+"/", "../../cmd/supervise", "../hello").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})
