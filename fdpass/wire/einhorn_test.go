//go:build linux

package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseCommand(t *testing.T) {
	ack := command{name: "worker:ack", pid: 812}
	for line, want := range map[string]command{
		`{"command":"worker:ack","pid":812}`:                        ack,
		`{"pid":"812","command":"worker:ack","more":[1,{}]}`:        ack,
		` { "command" : "worker:ack" , "pid" : 812 } `:              ack,
		"---%0Acommand: worker:ack%0Apid: 812%0A":                   ack,
		"command: worker:ack%0Apid: 812":                            ack,
		"--- %0Acommand: worker:ack%0Apid: 812%0A...%0A":            ack,
		"---%0A:command: worker:ack%0A:pid: 812%0A":                 ack,
		`---%0A"command": "worker:ack"%0A'pid': '812'%0A`:           ack,
		"{command: 'worker:ack', pid: 812}":                         ack,
		"{command: 'worker:ack', pid: 812}%0A":                      ack,
		"# hello%0Acommand:  worker:ack %0A%0Apid:   812 %0A":       ack,
		`{"command":"worker:ping","pid":1,"request_id":"a"}`:        {name: "worker:ping", pid: 1},
		"---%0Acommand: worker:ping%0Apid: 1%0Arequest_id: abc%0A":  {name: "worker:ping", pid: 1},
		`{"command":"state","id":"7f%2525"}`:                        {name: "state", id: "7f%25"},
		"---%0Acommand: signal%0Aid: 5":                             {name: "signal", id: "5"},
		"---%0Acommand: ehlo%0Auser: o%25neil%0A":                   {name: "ehlo"},
		`{"command":"a%0Ab"}`:                                       {},
		``:                                                          {},
		`---`:                                                       {},
		`null`:                                                      {},
		`{}`:                                                        {},
		`[]`:                                                        {},
		`"worker:ack"`:                                              {},
		`worker:ack`:                                                {},
		`{"command":"worker:ack"}`:                                  {},
		`{"command":"worker:ack","pid":0}`:                          {},
		`{"command":"worker:ack","pid":-5}`:                         {},
		`{"command":"worker:ack","pid":1e3}`:                        {},
		`{"command":"worker:ack","pid":99999999999999999999}`:       {},
		`{"command":"worker:ack","pid":8} {"command":"worker:ack"}`: {},
		`{"command":"worker:ack","pid":8`:                           {},
		"command: worker:ack%0Acommand: worker:ack%0Apid: 8":        {},
		"command: worker:ack%0Apid: 8%0Apid: 9":                     {},
		`command: "worker:ack%0Apid: 8`:                             {},
		`command: wo"rker:ack"%0Apid: 8`:                            {},
		`command: 'it''s'%0Apid: 8`:                                 {},
		`command: "a\x41"%0Apid: 8`:                                 {},
		`{command: worker:ack, pid: 8, args: [1, 2]`:                {},
	} {
		got, err := parseCommand(line)
		if valid := want.name != ""; valid != (err == nil) || valid && got != want {
			t.Errorf("%q: got %+v %v", line, got, err)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "a", "%", "\n", "%0A", "%25", "100%\n%%\n", "é"} {
		if line := escape(s); strings.Contains(line, "\n") || unescape(line) != s {
			t.Errorf("%q became %q", s, line)
		}
	}
}

// said plays a worker that says its lines, ends, and reads; err is what ServeEinhorn says.
func said(t *testing.T, lines string) (acks []int, answer string, err error) {
	t.Helper()
	client, server := pair(t)
	done := make(chan error, 1)
	go func() {
		done <- ServeEinhorn(context.Background(), server, func(pid int) { acks = append(acks, pid) })
	}()
	if _, err := client.Write([]byte(lines)); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(client) // an end, or a reset because something was left unread
	return acks, string(b), <-done
}

func TestEinhorn(t *testing.T) {
	for name, c := range map[string]struct {
		say    string
		acks   []int
		answer string
		fails  bool
	}{
		"nothing":           {"", nil, "", false},
		"ack":               {`{"command":"worker:ack","pid":8}` + "\n", []int{8}, "", false},
		"ack in YAML":       {"---%0Acommand: worker:ack%0Apid: 8%0A\n", []int{8}, "", false},
		"ping":              {"---%0Acommand: worker:ping%0Apid: 8%0Arequest_id: x%0A\n", nil, "", false},
		"ends after an ack": {strings.Repeat(`{"command":"worker:ack","pid":8}`+"\n", 2), []int{8}, "", false},
		"another, then ack": {`{"command":"state","id":"5"}` + "\n" + `{"command":"worker:ack","pid":8}` + "\n", []int{8},
			`{"message":"Unrecognized command: \"state\" (supervise takes worker:ack and worker:ping)","request_id":"5"}` + "\n", false},
		"not a command": {"hello\n", nil, `{"message":"Could not parse command"}` + "\n", true},
		"no process":    {`{"command":"worker:ack"}` + "\n", nil, `{"message":"Could not parse command"}` + "\n", true},
		"half a line":   {`{"command":"worker:ack","pid":8}`, nil, "", true},
		"an empty line": {"\n", nil, `{"message":"Could not parse command"}` + "\n", true},
		"a long line":   {strings.Repeat("x", maxLine+1), nil, "", true},
		"many commands": {strings.Repeat(`{"command":"x"}`+"\n", maxCommands+1), nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			acks, answer, err := said(t, c.say)
			if !slices.Equal(acks, c.acks) || c.answer != "" && answer != c.answer || (err != nil) != c.fails {
				t.Errorf("got %v %q %v", acks, answer, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "cannot serve einhorn to a worker: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestEinhornDescriptors: none belong there, and none is kept.
func TestEinhornDescriptors(t *testing.T) {
	web := named(t, "web", listener(t, "tcp4", "127.0.0.1"))
	defer web.Descriptor.Close()
	client, server := pair(t)
	part{"{}\n", 5}.send(t, client, web.Descriptor)
	before := openDescriptors(t)
	wantErr(t, ServeEinhorn(context.Background(), server, nil), errProtocol)
	if after := openDescriptors(t); after != before-1 { // the connection itself
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestEinhornWaits for a worker that is slow to begin, but not for one that stops in a line.
func TestEinhornWaits(t *testing.T) {
	_, server := pair(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- serveEinhorn(ctx, server, nil, pace{idle: time.Nanosecond, step: time.Hour})
	}()
	cancel(os.ErrProcessDone)
	wantErr(t, <-done, os.ErrProcessDone)
	client, server := pair(t)
	part{"{", 0}.send(t, client, nil)
	wantErr(t, serveEinhorn(context.Background(), server, nil, pace{step: time.Millisecond}), os.ErrDeadlineExceeded)
}

// The clients below are written against einhorn's description, one with Ruby's YAML as einhorn's own client, one with
// Python's.
const (
	rubyWorker = `require 'yaml'; require 'socket'
s = UNIXSocket.open(ARGV[0])
s.write(YAML.dump('command' => 'worker:ack', 'pid' => $$).gsub(/%|\n/, '%' => '%25', "\n" => '%0A') + "\n")
print $$, s.read`
	pythonWorker = `import yaml, socket, os, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
said = yaml.dump({"command": "worker:ack", "pid": os.getpid()}, default_flow_style=eval(sys.argv[2]), explicit_start=True)
s.sendall(said.replace("%", "%25").replace("\n", "%0A").encode() + b"\n")
sys.stdout.write(str(os.getpid()) + s.makefile().read())`
)

// TestProcEinhorn: what other languages write as YAML is understood, and what we answer is YAML.
func TestProcEinhorn(t *testing.T) {
	acks := make(chan int, 1)
	path, ends := listening(t, func(c *net.UnixConn) error {
		return ServeEinhorn(context.Background(), c, func(pid int) { acks <- pid })
	})
	for _, worker := range [][]string{
		{"ruby", "ruby", "-e", rubyWorker, path},
		{"/usr/bin/python3", "python3", "-c", pythonWorker, path, "True"},
		{"/usr/bin/python3", "python3", "-c", pythonWorker, path, "False"},
	} {
		out, err := output(t, worker[0], worker[1], worker[2:]...)
		if err != nil {
			t.Fatal(out, err)
		}
		if pid := fmt.Sprint(<-acks); out != pid {
			t.Errorf("%s said %q, the acknowledged is %s", worker[0], out, pid)
		}
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	reader := exec.CommandContext(t.Context(), program(t, "ruby", "ruby"), "-e", `require 'yaml'
puts YAML.load(STDIN.read.gsub(/%(25|0A)/, '%25' => '%', '%0A' => "\n"))['message']`)
	_, answer, _ := said(t, `{"command":"50% \"off\""}`+"\n")
	reader.Stdin = strings.NewReader(answer)
	if out, err := reader.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), `Unrecognized command: "50% \"off\""`) {
		t.Errorf("of %q it reads %q %v", answer, out, err)
	}
}
