//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunnable(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	shell := write("sh", "\x7fELF", 0o755)
	for path, want := range map[string]string{
		filepath.Join(dir, "missing"): "there is no such file",
		link:                          "there is no such file",
		dir:                           "it is a folder",
		os.DevNull:                    "it is no regular file",
		write("plain", "text", 0o644): "it is not executable (chmod +x)",
		write("bad", "#!/nonexistent/sh -e\n", 0o755):        `its interpreter "/nonexistent/sh" cannot be run: no such file or directory`,
		write("good", "#! "+shell+" -e\nexit\n", 0o755):      "",
		write("short", "#!"+shell, 0o755):                    "",
		write("hash", "#!\n", 0o755):                         "",
		write("empty", "", 0o755):                            "", // the kernel has its own word for that
		write("long", "#!"+strings.Repeat("x", 5000), 0o755): `its interpreter "` + strings.Repeat("x", firstLine-2) + `" cannot be run: no such file or directory`,
		shell: "",
	} {
		got := ""
		if err := runnable(path); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", filepath.Base(path), got, want)
		}
	}
}

func TestNotUpgraded(t *testing.T) {
	for reason, want := range map[string]string{
		"it is a folder":    `cannot upgrade to "/x": it is a folder; nothing has changed`,
		"it says:\na.hcl:1": "cannot upgrade to \"/x\", nothing has changed:\nit says:\na.hcl:1",
	} {
		if got := notUpgraded("/x", reason).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
