//go:build linux

package systemd_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
)

// openConsole makes a pseudo-terminal the machine's /dev/console, to which systemd logs: its log to /dev/kmsg is limited to 200 lines in
// five seconds.
func (m *machine) openConsole() {
	m.t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	terminal := os.NewFile(uintptr(fd), "console")
	m.t.Cleanup(func() { terminal.Close() })
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	// While nobody has the other end open, to read is an error (EIO).
	other, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err == nil {
		m.t.Cleanup(func() { other.Close() })
		err = os.Symlink(path, filepath.Join(m.dir, "console"))
	}
	if err != nil {
		m.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(terminal); lines.Scan(); {
			m.lines <- lines.Text()
		}
	}()
}

// hears waits for a line of systemd's log and gives what the pattern's groups match. Lines before it are over.
func (m *machine) hears(pattern string) []string {
	m.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.NewTimer(soon)
	defer late.Stop()
	for {
		select {
		case line := <-m.lines:
			m.note(line)
			if found := re.FindStringSubmatch(line); found != nil {
				return found
			}
		case <-late.C:
			m.t.Fatalf("systemd did not say %s", pattern)
		}
	}
}

// note remembers a line, unless it is about how systemd talks to systemctl.
func (m *machine) note(line string) {
	if !busChatter.MatchString(line) {
		m.seen = append(m.seen, line)
	}
}

var busChatter = regexp.MustCompile(`bus|(Got|Sent) message type=`)
