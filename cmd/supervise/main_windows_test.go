package main

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/doctor"
)

// What the test binary is besides the tests, by its first argument.
const (
	asSupervise = "be-supervise"
	asWorker    = "be-worker"
)

// TestMain makes the test binary three programs: the tests, supervise itself, and a worker for it to run.
func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case asSupervise:
		os.Args = append(os.Args[:1], os.Args[2:]...)
		main()
	case doctor.Verb:
		main()
	case asWorker:
		beWorker(os.Args[2:])
		return
	}
	os.Exit(m.Run())
}

// underWine skips what Wine does otherwise than Windows, and says how.
func underWine(t *testing.T, why string) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("under Wine: " + why)
	}
}
