//go:build linux

package systemd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// group is the control group of the only worker.
func (m *machine) group() string {
	m.t.Helper()
	var st struct {
		Services []struct {
			Workers []struct {
				PID    int
				Cgroup string
			}
		}
	}
	if err := json.Unmarshal([]byte(m.must("supervise", "status", "--json")), &st); err != nil {
		m.t.Fatal(err)
	}
	if len(st.Services) != 1 || len(st.Services[0].Workers) != 1 {
		m.t.Fatalf("services %+v", st.Services)
	}
	return st.Services[0].Workers[0].Cgroup
}

// TestProcDelegated has a worker in a group of its own within the unit's.
func TestProcDelegated(t *testing.T) {
	m := boot(t, "")
	m.up()
	path := m.group()
	if !strings.HasPrefix(path, "/system.slice/supervise.service/supervise-app-") || filepath.Base(path) != "hello.1.0" {
		t.Errorf("the worker is in %q", path)
	}
	b, err := os.ReadFile(filepath.Join(m.process("root/sys/fs/cgroup"), path, "cgroup.procs"))
	if err != nil || len(strings.Fields(string(b))) != 1 {
		t.Errorf("in the group is %q, %v", b, err)
	}
	m.answers()
	m.must("systemctl", "restart", "supervise")
	m.answers()
	m.must("systemctl", "stop", "supervise")
	m.shows("Result", "success")
	m.understood()
}

// TestProcNotDelegated leaves a group alone that systemd manages itself.
func TestProcNotDelegated(t *testing.T) {
	m := boot(t, "Delegate=no")
	m.up()
	if path := m.group(); path != "" {
		t.Errorf("the worker is in %q", path)
	}
	m.answers()
	limited := strings.Replace(m.read("app.hcl"), "service \"hello\" {", "service \"hello\" {\n  limits { memory_max = \"64MiB\" }", 1)
	m.write("etc/supervise/app.hcl", limited)
	if out, err := m.run("supervise", "reload"); err == nil || !strings.Contains(out, "Delegate=yes") {
		t.Errorf("%v: %s", err, out)
	}
	m.answers() // by the generation before
}
