//go:build !windows

package main

import (
	"fmt"
	"os"
	"runtime"
)

func (a *app) installService(s winService) error   { return a.noService("install", s) }
func (a *app) uninstallService(s winService) error { return a.noService("uninstall", s) }
func (a *app) startService(s winService) error     { return a.noService("start", s) }
func (a *app) stopService(s winService) error      { return a.noService("stop", s) }
func (a *app) runService(s winService) error       { return a.noService("run", s) }

// noService says what does the same on this system.
func (a *app) noService(verb string, s winService) error {
	return &exitError{
		code: codeFailed, err: fmt.Errorf("cannot %s service %q: services of Windows are supported on windows only, this is %s", verb, s.name, runtime.GOOS),
		hint: instead(runtime.GOOS, verb, s.name, programPath(), fullPath(a.config)),
	}
}

func programPath() string {
	path, err := os.Executable()
	if err != nil {
		return "/usr/local/bin/supervise"
	}
	return path
}

// instead is what one writes on another system, for a program and a file; file is "" where none was named.
func instead(system, verb, name, program, file string) string {
	if file == "" {
		file = "/etc/supervise/" + name + ".hcl"
	}
	if system != "linux" {
		return fmt.Sprintf("Have the system's own service manager (launchd, rc.d) run this in the foreground: %s --config %s", program, file)
	}
	systemctl, ok := map[string]string{
		"start":     fmt.Sprintf("systemctl start %s", name),
		"stop":      fmt.Sprintf("systemctl stop %s", name),
		"uninstall": fmt.Sprintf("systemctl disable --now %s && rm /etc/systemd/system/%s.service", name, name),
	}[verb]
	if ok {
		return "With systemd: " + systemctl
	}
	return fmt.Sprintf(`With systemd, write /etc/systemd/system/%s.service (examples/systemd explains each line, and has more):
  [Service]
  Type=notify-reload
  NotifyAccess=main
  ExecStart=%s --config %s
  Restart=always
  FileDescriptorStoreMax=1024
  KillMode=mixed
  Delegate=yes
  [Install]
  WantedBy=multi-user.target
then: systemctl enable --now %s`, name, program, file, name)
}
