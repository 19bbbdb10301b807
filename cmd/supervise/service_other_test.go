//go:build !windows

package main

import (
	"strings"
	"testing"
)

func TestInstead(t *testing.T) {
	for _, c := range []struct{ system, verb, file, want string }{
		{"linux", "install", "/srv/shop.hcl", "\n  ExecStart=/bin/supervise --config /srv/shop.hcl\n"},
		{"linux", "install", "", "\n  ExecStart=/bin/supervise --config /etc/supervise/shop.hcl\n"},
		{"linux", "install", "", "write /etc/systemd/system/shop.service"},
		{"linux", "start", "", "With systemd: systemctl start shop"},
		{"linux", "stop", "", "With systemd: systemctl stop shop"},
		{"linux", "uninstall", "", "systemctl disable --now shop && rm /etc/systemd/system/shop.service"},
		{"darwin", "install", "/srv/shop.hcl", "launchd, rc.d) run this in the foreground: /bin/supervise --config /srv/shop.hcl"},
		{"openbsd", "start", "", "/bin/supervise --config /etc/supervise/shop.hcl"},
	} {
		if got := instead(c.system, c.verb, "shop", "/bin/supervise", c.file); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestNoService(t *testing.T) {
	for _, verb := range []string{"install", "uninstall", "start", "stop", "run"} {
		root := (&app{}).root()
		root.SetArgs([]string{"service", verb, "--name", "shop", "--config", "shop.hcl"})
		code, text, hint := verdict(root.Execute())
		if code != codeFailed || !strings.HasPrefix(text, "cannot "+verb+` service "shop": services of Windows are supported on windows only, this is `) || hint == "" {
			t.Errorf("%d %q %q", code, text, hint)
		}
	}
}
