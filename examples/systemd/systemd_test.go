//go:build linux

package systemd_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// web is the address in app.hcl.
const web = "127.0.0.1:8084"

// told is what systemd logs when it gets a message: its process and its lines.
func told(message string) string {
	return `supervise\.service: Got notification message from PID (\d+) \((?:.*, )?` + message + `[,)]`
}

// up starts supervise. systemctl returns when READY=1 has come, because of the unit's Type.
func (m *machine) up() {
	m.t.Helper()
	m.must("systemctl", "start", "supervise")
	m.shows("ActiveState", "active")
}

var page = regexp.MustCompile(`^HTTP/1\.1 200 OK\r\n(?s:.*)\r\n\r\nhello from go: generation \d+ worker 0 pid \d+\n$`)

// ask makes one request on a connection.
func ask(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(soon)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	text, err := io.ReadAll(c)
	if err == nil && !page.Match(text) {
		err = fmt.Errorf("answer %q", text)
	}
	return err
}

// answers fails the test if a new connection to supervise gets no answer.
func (m *machine) answers() {
	m.t.Helper()
	if err := ask(m.connect(web)); err != nil {
		m.t.Error(err)
	}
}

func TestProcStart(t *testing.T) {
	m := boot(t, "")
	m.up()
	pid := m.hears(told(`READY=1`))[1]
	m.shows("MainPID", pid)
	m.shows("StatusText", "all services have been ready")
	m.answers()
	m.understood()
}

// understood fails the test if systemd has ignored a message, or a line of the units.
func (m *machine) understood() {
	m.t.Helper()
	ignored := regexp.MustCompile(`supervise.*(reception only permitted|\.service:\d+:)`)
	for _, line := range m.seen {
		if ignored.MatchString(line) && !strings.Contains(line, "service type, ignoring: notify-reload") { // older
			m.t.Error(line)
		}
	}
}

// TestProcTemplate runs two at once, the second one with a file of its own.
func TestProcTemplate(t *testing.T) {
	m := boot(t, "")
	m.write("etc/supervise/shop.hcl", strings.Replace(m.read("app.hcl"), "8084", "8085", 1))
	m.up()
	m.must("systemctl", "start", "supervise@shop")
	m.answers()
	if err := ask(m.connect("127.0.0.1:8085")); err != nil {
		t.Error(err)
	}
	m.understood()
}

func TestProcReload(t *testing.T) {
	m := boot(t, "")
	m.up()
	pid := m.hears(told(`READY=1`))[1]
	m.write("etc/supervise/app.hcl", m.read("app.hcl")+admin)
	m.reloads()
	m.connect("127.0.0.1:8085")
	m.write("etc/supervise/app.hcl", "listener {")
	m.reloads() // and says READY=1: it is as ready as before
	m.shows("MainPID", pid)
	m.shows("ActiveState", "active")
	m.answers()
}

// admin is a second listener.
const admin = `
listener "admin" { address = "tcp://127.0.0.1:8085" }
`

// reloads makes supervise reload and waits until it has told the end of it.
func (m *machine) reloads() {
	m.t.Helper()
	m.must("systemctl", "reload", "supervise")
	m.hears(told(`RELOADING=1, MONOTONIC_USEC=\d+`))
	m.hears(told(`READY=1`))
}

func TestProcStop(t *testing.T) {
	m := boot(t, "")
	m.up()
	m.must("systemctl", "stop", "supervise")
	m.hears(told(`STOPPING=1`))
	m.shows("ActiveState", "inactive")
	m.shows("Result", "success")
	m.shows("ExecMainStatus", "0")
	if c, err := m.dial(web); err == nil {
		c.Close()
		t.Error("after a stop there is still a listener")
	}
}

// TestProcSocketUnit lets systemd open the socket, and start supervise because of the first connection.
func TestProcSocketUnit(t *testing.T) {
	m := boot(t, "")
	m.must("systemctl", "start", "web.socket")
	m.answers()
	m.hears(told(`READY=1`))
	m.must("supervise", "stop", "hello")
	waiting := m.connect(web)
	m.must("systemctl", "restart", "supervise")
	if err := ask(waiting); err != nil {
		t.Error("a connection that waited: ", err)
	}
	m.understood()
}

// read gives a file of this folder.
func (m *machine) read(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}
