package fdpass

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// TestMain lets the test binary be its own worker: with FDPASS_CHILD set it plays that part and no test runs.
func TestMain(m *testing.M) {
	if part := os.Getenv("FDPASS_CHILD"); part != "" {
		os.Exit(play(part))
	}
	os.Exit(m.Run())
}

// play runs one part; the standard output tells what happened.
func play(part string) int {
	word, arg, _ := strings.Cut(part, " ")
	parts := map[string]func(arg string) error{
		"handle": childHandle,
		"import": childImport,
		"hold":   childHold,
	}
	if err := parts[word](arg); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// childHandle takes an inherited handle by its value.
func childHandle(arg string) error {
	value, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return err
	}
	d, err := NewDescriptor(int(value)).Dup() // Wine answers no getsockopt() for a socket that came by inheritance, but for its duplicate
	if err != nil {
		return err
	}
	return serveOne(d)
}

// childImport reads what Export made, in hexadecimal digits, from the standard input.
func childImport(string) error {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return err
	}
	info, err := hex.DecodeString(strings.TrimSpace(line))
	if err != nil {
		return err
	}
	d, err := Import(info)
	if err != nil {
		return err
	}
	return serveOne(d)
}

// serveOne tells the address, and answers one connection with the pid.
func serveOne(d *Descriptor) error {
	a, err := AddressOf(d)
	if err != nil {
		return err
	}
	fmt.Println(a)
	h, err := acceptOne(d)
	if err != nil {
		return err
	}
	defer windows.Closesocket(h)
	text := []byte(strconv.Itoa(os.Getpid()))
	var sent uint32
	return windows.WSASend(h, &windows.WSABuf{Len: uint32(len(text)), Buf: &text[0]}, 1, &sent, 0, nil, nil)
}

// childHold opens an address, says so and keeps it until the standard input ends.
func childHold(arg string) error {
	s, err := Open(spec(arg))
	if err != nil {
		return err
	}
	fmt.Println(s.Address())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// acceptOne takes one connection by plain accept().
func acceptOne(d *Descriptor) (windows.Handle, error) {
	conn := windows.InvalidHandle
	err := d.Use(func(fd int) error {
		r, _, err := windows.NewLazySystemDLL("ws2_32.dll").NewProc("accept").Call(uintptr(fd), 0, 0)
		if conn = windows.Handle(r); conn != windows.InvalidHandle {
			err = nil
		}
		return err
	})
	return conn, err
}

// child is a test binary that plays a part.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, part string, inherited ...syscall.Handle) *child {
	t.Helper()
	c := &child{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.Env = append(os.Environ(), "FDPASS_CHILD="+part, quickExit)
	c.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: inherited}
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.in.Close()
		_ = c.Wait()
	})
	return c
}

// line reads what the child says next.
func (c *child) line(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return strings.TrimSpace(line)
}

// served reads who answers at the socket's address.
func served(t *testing.T, s *Socket) string {
	t.Helper()
	text, err := io.ReadAll(dial(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// underWine skips what Wine cannot show; on Windows itself the test runs.
func underWine(t *testing.T, why string) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("under Wine: " + why)
	}
}

// inherits is whether a handle carries the flag by which children get it (GetHandleInformation).
func inherits(t *testing.T, h uintptr) bool {
	t.Helper()
	var flags uint32
	if ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation").Call(h, uintptr(unsafe.Pointer(&flags))); ok == 0 {
		t.Fatal(err)
	}
	return flags&windows.HANDLE_FLAG_INHERIT != 0
}
