package windows_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProcService has Wine's services.exe run supervise.
func TestProcService(t *testing.T) {
	s := newSite(t, "shop", "")
	log := filepath.Join(s.dir, "service.log")
	t.Cleanup(func() {
		_, _ = s.supervise("service", "uninstall", "--name", "shop")
		if text, _ := os.ReadFile(log); t.Failed() {
			t.Logf("log of the service:\n%s", text)
		}
	})
	works := func(args ...string) {
		t.Helper()
		if _, err := s.supervise(append([]string{"service"}, append(args, "--name", "shop")...)...); err != nil {
			t.Error(err)
		}
	}
	fails := func(want string, args ...string) {
		t.Helper()
		text, err := s.supervise(append([]string{"service"}, append(args, "--name", "shop")...)...)
		if err == nil || !strings.Contains(text, want) {
			t.Errorf("%q: %q, %v; want %q", args, text, err, want)
		}
	}
	fails("there is no such service", "start")
	works("install", "--config", s.file, "--log", "service.log")
	fails("there is one of this name", "install", "--config", s.file)
	works("start")
	fails("it runs already", "start")
	s.awaitReady(0)
	answer, err := http.Get("http://" + s.address())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if _, err := s.supervise("restart", "hello", "--config", s.file); err != nil {
		t.Error(err)
	}
	address := s.address()
	works("stop")
	fails("it does not run", "stop")
	if !refused(address) {
		t.Error("somebody still listens")
	}
	works("uninstall")
	fails("there is no such service", "uninstall")
	text, err := os.ReadFile(log)
	for _, line := range []string{"supervise started", "supervise stopped", "listening on"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("%q is not in the log, %v", line, err)
		}
	}
}
