//go:build linux

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain is also the client of another user.
func TestMain(m *testing.M) {
	if path := os.Getenv("CONTROL_TEST_CLIENT"); path != "" {
		visit(path)
		return
	}
	os.Exit(m.Run())
}

// visit prints how a request for the version was answered.
func visit(path string) {
	c := NewClient(path)
	v, err := c.Version(testContext())
	var refused *Error
	switch {
	case errors.As(err, &refused):
		fmt.Println(refused.Status, refused)
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(200, v)
	}
}

// asUser runs a client as uid with these groups against a server for the group gid.
func asUser(t *testing.T, uid uint32, groups []uint32, gid int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "control") // t.TempDir has parents that only we may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "c.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(Options{Backend: &fake{}, Version: "v1", GID: gid})
	go s.Serve(l)
	defer s.Close(t.Context())
	program := filepath.Join(dir, "client")
	self, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, os.WriteFile(program, self, 0o755), os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = []string{"CONTROL_TEST_CLIENT=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: groups}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
