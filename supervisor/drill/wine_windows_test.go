package drill

import (
	"testing"

	"golang.org/x/sys/windows"
)

// underWine skips what Wine does otherwise than Windows, and says how.
func underWine(t *testing.T, why string) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("under Wine: " + why)
	}
}
