//go:build !windows

package fdpass

import (
	"strings"
	"testing"
)

// TestExportIsForWindows: elsewhere the words say what to use.
func TestExportIsForWindows(t *testing.T) {
	d := NewDescriptor(1 << 20)
	if b, err := Export(d, 1); err == nil || !strings.Contains(err.Error(), "windows only") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if d, err := Import(make([]byte, ExportSize)); err == nil || !strings.Contains(err.Error(), "windows only") {
		t.Errorf("%v, %v", d, err)
	}
	if h := d.Handle(); h != 0 {
		t.Errorf("handle %d", h)
	}
}
