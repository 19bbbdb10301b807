//go:build linux

package keeper

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// complaint reads one line of the keeper's stderr.
func (h *house) complaint() string {
	h.t.Helper()
	text, err := h.errors.ReadString('\n')
	if err != nil {
		h.t.Fatalf("stderr ended with %q: %v", text, err)
	}
	return strings.TrimSuffix(text, "\n")
}

func TestProcSignals(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	for sig, want := range map[unix.Signal]string{
		unix.SIGHUP: "hangup", unix.SIGUSR1: "user defined signal 1", unix.SIGUSR2: "user defined signal 2", unix.SIGINT: "interrupt",
	} {
		h.signal(sig)
		h.expect("signals", want)
	}
	h.strike()
	h.greets("stopping=1")
	// The first goes to the one that asked, the others wait for the next manager.
	sendSignal(t, h.manager, unix.SIGSTOP)
	h.signal(unix.SIGUSR1)
	for range 200 {
		h.signal(unix.SIGHUP)
	}
	h.strike()
	if got := h.do("signals"); got != "hangup" && got != "user defined signal 1" {
		t.Errorf("got %s", got)
	}
}

// The third signal to stop is for the keeper itself: the manager may hang.
func TestProcThirdSignalEndsAll(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	h.spawn("w", `trap "" TERM; sleep 1000 & sleep 1000`)
	sendSignal(t, h.manager, unix.SIGSTOP)
	for h.cmd.ProcessState == nil {
		h.signal(unix.SIGTERM) // those closer than 100ms are one
		if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", h.cmd.Process.Pid)); strings.Contains(string(state), ") Z ") {
			break
		}
	}
	h.expectEnd(1)
	if got := h.complaint(); got != "supervise: killing what still runs" {
		t.Errorf("it said %q", got)
	}
}

// A program that can never work waits longer and longer, and ends when it is told to.
func TestProcManagerThatNeverWorks(t *testing.T) {
	h := openHouse(t, exec.Command(must(os.Executable()), "keeper", "2"))
	for _, delay := range []string{"100ms", "200ms", "400ms"} {
		if got, want := h.complaint(), "supervise: the manager exited with status 2, starting it again in "+delay; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	h.signal(unix.SIGTERM)
	h.expectEnd(1)
	got := h.complaint()
	for strings.Contains(got, "starting it again in ") { // the signal may come after the next one
		got = h.complaint()
	}
	if got != "supervise: killing what still runs" {
		t.Errorf("it said %q", got)
	}
}

// Five accidents in a row are forgiven at once when there is something to look after.
func TestProcManagerThatFailsSometimes(t *testing.T) {
	h := newHouse(t, "")
	h.expect("save state one", "done")
	for range 5 {
		h.tell("exit 3")
		h.meet()
		h.greets(`before="exited with status 3"`)
	}
	h.tell("exit 3")
	if got, want := h.complaint(), "supervise: the manager exited with status 3, starting it again in 100ms"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	h.meet()
	h.expect("inventory", "state=one")
	h.tell("close")
	if got := h.complaint(); !strings.Contains(got, "was killed by SIGKILL") { // it can do nothing without the keeper
		t.Errorf("got %q", got)
	}
	for !strings.HasPrefix(h.line(), "manager ") { // it may still have said that it closed
	}
	h.expect("inventory", "state=one")
}

func TestProcGarbageEndsOnlyTheManager(t *testing.T) {
	for name, packet := range map[string]string{
		"no JSON":       "x",
		"an array":      "[]",
		"trailing data": `{"seq":900,"kind":"ready"}{}`,
		"unknown field": `{"seq":900,"kind":"ready","colour":"red"}`,
		"too long":      `{"seq":900,"kind":"` + strings.Repeat("x", maxPacket) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "")
			h.expect("hold web through", "done")
			id, pid := h.spawn("w", "exec sleep 1000")
			h.tell("raw " + packet)
			for h.hello = ""; h.hello == ""; { // it may still have said that it wrote
				if line := h.line(); strings.HasPrefix(line, "manager ") {
					h.hello = line
				}
			}
			h.greets(`before="was killed for a malformed packet: `)
			h.expect("inventory", fmt.Sprintf("web %s:w:%d", id, pid))
		})
	}
}

// What can be answered is, and the manager goes on. Nobody waits for these answers.
func TestProcRefusedRequests(t *testing.T) {
	h := newHouse(t, "")
	h.expect("hold web through", "done")
	for _, packet := range []string{
		`{}`, `{"seq":900,"kind":"nonsense"}`, `{"seq":900,"kind":"hold","name":"a"}`, `{"seq":900,"kind":"spawn"}`,
		`{"seq":900,"kind":"forget","id":77}`, `{"seq":900,"kind":"exit","id":77}`, `{"seq":900,"kind":"follow","id":77}`,
		`{"seq":900,"kind":"tried"}`, `{"seq":1,"kind":"welcome"}`,
	} {
		h.expect("raw "+packet, "done")
	}
	h.expect("inventory", "web")
	h.greets(fmt.Sprint(h.manager))
}

// At its limit of open files the keeper refuses more and keeps what it has, also
// when the manager is replaced.
func TestProcKeeperOutOfDescriptors(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	h.expect("hold web through", "done")
	keeper := h.cmd.Process.Pid
	var old unix.Rlimit
	if err := unix.Prlimit(keeper, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		t.Fatal(err)
	}
	limit := unix.Rlimit{Cur: uint64(descriptorsOf(t, keeper) + spare + 8), Max: old.Max}
	if err := unix.Prlimit(keeper, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	h.refused("fill 100", "the keeper has reached its limit of open files (raise LimitNOFILE)")
	h.refused("save state one", "the keeper has reached its limit")
	h.refused("spawn w exit 0", "the keeper has reached its limit")
	before := descriptorsOf(t, keeper)
	h.strike()
	if got := h.do("inventory"); !strings.HasPrefix(got, "fill/0 ") || !strings.HasSuffix(got, " web") {
		t.Errorf("kept are %s", got)
	}
	h.expect("drop fill/0", "done")
	h.expect("drop fill/1", "done")
	h.expect("save state one", "done")
	if after := descriptorsOf(t, keeper); after > before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
	h.expect("read web", "through")
}

// The kernel itself drops what finds no number at all.
func TestProcDescriptorsAreDropped(t *testing.T) {
	h := newHouse(t, "")
	keeper := h.cmd.Process.Pid
	limit := unix.Rlimit{Cur: 3, Max: 4096}
	if err := unix.Prlimit(keeper, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	h.refused("hold web through", "the keeper has reached its limit of open files")
	limit.Cur = 4096
	if err := unix.Prlimit(keeper, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	h.expect("hold web through", "done")
	h.expect("inventory", "web")
}

// A thousand names take several pages.
func TestProcManyNames(t *testing.T) {
	h := newHouse(t, "")
	h.expect("fill 1000", "done")
	h.strike()
	got := strings.Fields(h.do("inventory"))
	if len(got) != 1000 || got[0] != "fill/0" {
		t.Errorf("%d are kept, the first is %s", len(got), got[0])
	}
}

func TestProcManyWorkers(t *testing.T) {
	h := newHouse(t, "")
	for i := range 300 {
		h.spawn(fmt.Sprintf("worker/app/1/%d/%d", i, i), "exit 0")
	}
	h.strike()
	if got := strings.Fields(h.do("inventory")); len(got) != 300 {
		t.Errorf("%d are left", len(got))
	}
}

// Descriptors from systemd are kept before anyone asks, and nobody else sees the
// variables.
func TestProcGivenDescriptors(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("from outside"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" keeper`, must(os.Executable()))
	cmd.ExtraFiles = []*os.File{r}
	h := openHouse(t, cmd, "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "TEST_PROGRAM="+program(t, "v2"))
	r.Close()
	w.Close()
	h.meet()
	h.greets("given=[web]")
	h.expect("inventory", "given/0")
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", Variable} {
		h.expect("env "+name, `""`)
	}
	h.expect("ready", "done")
	h.upgrade()
	h.greets("given=[web]")
	h.expect("ready", "done")
	h.strike()
	h.greets("given=[web]")
	h.expect("env LISTEN_FDS", `""`)
	h.expect("read given/0", "from outside")
}

func TestProcNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	raw := must(listener.SyscallConn())
	if err := raw.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, "", "NOTIFY_SOCKET="+path)
	h.expect("notify READY=1", "done")
	b, oob := make([]byte, 100), make([]byte, 100)
	n, oobn, _, _, err := listener.ReadMsgUnix(b, oob)
	if err != nil {
		t.Fatal(err)
	}
	messages := must(unix.ParseSocketControlMessage(oob[:oobn]))
	cred := must(unix.ParseUnixCredentials(&messages[0]))
	if string(b[:n]) != "READY=1" || int(cred.Pid) != h.cmd.Process.Pid {
		t.Errorf("got %q from process %d, want it from %d", b[:n], cred.Pid, h.cmd.Process.Pid)
	}
	listener.Close()
	h.refused("notify READY=1", "cannot notify the service manager: ")
}

// Started by hand, a manager says what is wrong.
func TestProcManagerByHand(t *testing.T) {
	out, err := exec.Command(must(os.Executable()), "manager").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot find the keeper: this is started by supervise itself, not by hand") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestProcBecomeNothing(t *testing.T) {
	err := Become("/no/such/program")
	if err == nil || !strings.Contains(err.Error(), `cannot run "/no/such/program": no such file or directory`) {
		t.Errorf("got %v", err)
	}
	var set unix.Sigset_t
	if err := unix.PthreadSigmask(0, nil, &set); err != nil || set != (unix.Sigset_t{}) {
		t.Errorf("signals are blocked: %v, %v", set, err)
	}
}

// The memory that a start needs is given back, and comes back when it is used.
func TestProcGiveBack(t *testing.T) {
	if len(cleanMappings(must(os.Readlink("/proc/self/exe")))) == 0 {
		t.Error("no part of the program can be given back")
	}
	before := residentFile(t)
	giveBack()
	if after := residentFile(t); after >= before {
		t.Errorf("%d kB of files are resident, %d were", after, before)
	}
	_, d, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// residentFile is RssFile of proc_pid_status(5), in kB.
func residentFile(t *testing.T) (kb int) {
	t.Helper()
	b := must(os.ReadFile("/proc/self/status"))
	_, rest, _ := strings.Cut(string(b), "RssFile:")
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
