package pipe

import (
	"errors"
	"strings"
	"testing"
)

func TestTrusted(t *testing.T) {
	server, client := pair(t)
	for name, c := range map[string]*Conn{"server": server, "client": client} {
		if err := c.Trusted(); err != nil {
			t.Errorf("the %s's end of our own pipe: %v", name, err)
		}
	}
	_ = client.Close()
	if err := client.Trusted(); err == nil || !strings.Contains(err.Error(), "cannot tell who has made") {
		t.Errorf("a closed connection: %v", err)
	}
}

func TestTrusts(t *testing.T) {
	us, err := ourselves()
	if err != nil {
		t.Fatal(err)
	}
	const administrators, system, everyone = "S-1-5-32-544", "S-1-5-18", "S-1-1-0"
	for _, sid := range append(us, administrators, system) {
		if err := trusts(us, sid); err != nil {
			t.Errorf("%s: %v", sid, err)
		}
	}
	var foreign *ForeignError
	if err := trusts(us, everyone); !errors.As(err, &foreign) || foreign.Account != Account(everyone) {
		t.Errorf("everyone: %v", err)
	}
	if err := trusts(us, "S-1-5-21-1-2-3-1004"); !errors.As(err, &foreign) || !strings.Contains(err.Error(), "made by S-1-5-21-1-2-3-1004,") {
		t.Errorf("another user: %v", err)
	}
}
