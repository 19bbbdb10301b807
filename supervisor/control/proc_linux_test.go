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
		fmt.Println(200, v.Version)
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

// TestProcStranger lets another user connect, and then a member of the group.
func TestProcStranger(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
			t.Fatal("needs root to be another user")
		}
		t.Skip("needs root to be another user")
	}
	for name, c := range map[string]struct {
		groups []uint32
		want   string
	}{
		"stranger":            {nil, "403 user 12345 may not control"},
		"supplementary group": {[]uint32{4, 23456}, "200 v1"},
		"many groups":         {manyGroups(23456, 300), "200 v1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := asUser(t, 12345, c.groups, 23456); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func manyGroups(last uint32, n int) []uint32 {
	var list []uint32
	for i := range n {
		list = append(list, uint32(1000+i))
	}
	return append(list, last)
}
