//go:build linux

package systemd_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestProcStore follows the listeners into systemd's file descriptor store, and out of it.
func TestProcStore(t *testing.T) {
	m := boot(t, "")
	m.up()
	m.hears(told(`FDSTORE=1, .*FDNAME=web`))
	m.shows("NFileDescriptorStore", "1")
	m.write("etc/supervise/app.hcl", m.read("app.hcl")+admin)
	m.must("systemctl", "reload", "supervise")
	m.hears(told(`FDSTORE=1, .*FDNAME=admin`))
	m.shows("NFileDescriptorStore", "2")
	m.copy("etc/supervise/", "app.hcl")
	m.must("systemctl", "reload", "supervise")
	m.hears(told(`FDSTOREREMOVE=1, .*FDNAME=admin`))
	m.shows("NFileDescriptorStore", "1")
	m.understood()
}

// TestProcQueue lets a connection wait in the backlog while supervise dies: it is answered by the next one.
func TestProcQueue(t *testing.T) {
	ends := map[string]func(m *machine){
		"killed": func(m *machine) {
			m.must("kill", "-KILL", fmt.Sprint(m.status().KeeperPID))
			m.hears(`supervise\.service: Main process exited, code=killed, status=9/KILL`)
			m.hears(told(`READY=1`))
		},
		"hanging": func(m *machine) {
			m.must("kill", "-STOP", fmt.Sprint(m.status().ManagerPID))
			m.hears(`supervise\.service: Watchdog timeout`)
			m.hears(told(`READY=1`))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			m := boot(t, "WatchdogSec=10s\n") // shorter, and a busy machine is a hanging manager
			m.up()
			before := m.hears(told(`READY=1`))[1]
			m.must("supervise", "stop", "hello")
			waiting := m.connect(web)
			end(m)
			if err := ask(waiting); err != nil {
				t.Error("the connection that waited: ", err)
			}
			if after := m.property("MainPID"); after == before {
				t.Errorf("it is still process %s", after)
			}
			m.answers()
		})
	}
}

// TestProcManager kills the manager and upgrades supervise: for systemd nothing happens, it is the same main process with the same
// listeners, and it hears from the new manager.
func TestProcManager(t *testing.T) {
	m := boot(t, "WatchdogSec=10s\n")
	m.up()
	before := m.status()
	m.must("kill", "-KILL", fmt.Sprint(before.ManagerPID))
	m.answers()
	m.hears(told(`WATCHDOG=1`))
	m.must("supervise", "upgrade")
	m.hears(told(`WATCHDOG=1`))
	m.shows("MainPID", fmt.Sprint(before.KeeperPID))
	m.shows("NRestarts", "0")
	m.shows("NFileDescriptorStore", "1")
	m.reloads()
	m.understood()
}

// status is what of `supervise status --json` matters here.
type status struct {
	KeeperPID  int `json:"keeper_pid"`
	ManagerPID int `json:"manager_pid"`
}

func (m *machine) status() (s status) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.must("supervise", "status", "--json")), &s); err != nil {
		m.t.Fatal(err)
	}
	return s
}
