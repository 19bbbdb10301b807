package control

import "testing"

// TestProcOwnCredentials asks the kernel over a real socket.
func TestProcOwnCredentials(t *testing.T) {
	c, _ := serve(t, &fake{})
	if v, err := c.Version(t.Context()); err != nil || v.Version != "v1" {
		t.Errorf("version %q, %v", v, err)
	}
}
