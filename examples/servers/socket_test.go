//go:build linux

package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestListenersIn(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1FA5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:1FA5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1FA6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1FA5 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   4: 0100007F:1FA5
`
	for name, c := range map[string]struct {
		text string
		port int
		want []string
	}{
		"two addresses": {table, 0x1fa5, []string{"4711", "4712"}},
		"one":           {table, 0x1fa6, []string{"4714"}},
		"none":          {table, 0xfa5, nil},
		"nothing":       {"", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := listenersIn(bufio.NewScanner(strings.NewReader(c.text)), c.port)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestListenersInBroken(t *testing.T) {
	long := strings.Repeat("x", bufio.MaxScanTokenSize+1)
	if _, err := listenersIn(bufio.NewScanner(strings.NewReader(long)), 1); err == nil {
		t.Error("a line without end is no error")
	}
}

// TestListeners finds our own socket, and us as its holder.
func TestListeners(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		inodes, err := listeners(l.Addr().(*net.TCPAddr).Port)
		if err != nil || len(inodes) != 1 || !holds(os.Getpid(), inodes[0]) {
			t.Errorf("%s: %q, %v", address, inodes, err)
		}
		l.Close()
		if len(inodes) == 1 && holds(os.Getpid(), inodes[0]) {
			t.Error("we hold a socket that is closed")
		}
	}
	if holds(1<<30, "1") {
		t.Error("a process that does not exist holds a socket")
	}
}

// TestProcFamily: a shell, and what it starts.
func TestProcFamily(t *testing.T) {
	cmd := exec.Command("sh", "-c", "exec 3<&0; cat <&3 & echo started; wait")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	pids := family(cmd.Process.Pid)
	if len(pids) != 2 || pids[0] != cmd.Process.Pid {
		t.Errorf("family %v of %d", pids, cmd.Process.Pid)
	}
	if ours := family(os.Getpid()); !slices.Contains(ours, pids[len(pids)-1]) {
		t.Errorf("our own family %v does not have %v", ours, pids)
	}
	in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left := family(cmd.Process.Pid); len(left) != 1 {
		t.Errorf("family %v of a process that is gone", left)
	}
}
