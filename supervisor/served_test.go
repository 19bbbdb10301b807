package supervisor

import (
	"net"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

func TestNewSecret(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	first, second := newSecret(), newSecret()
	if !uuid.MatchString(first) || !uuid.MatchString(second) || first == second {
		t.Errorf("secrets %s and %s", first, second)
	}
}

func TestTellServed(t *testing.T) {
	c := &child{}
	if err := c.openPort(dialect.Served{Protocol: "systemfd", AddressEnv: "SERVER", SecretEnv: "SECRET"}); err != nil {
		t.Fatal(err)
	}
	defer c.closeServed()
	env := map[string]string{"A": "b"}
	c.tellServed(env)
	s := c.served[0]
	if d := cmp.Diff(map[string]string{"A": "b", "SERVER": s.listener.Addr().String(), "SECRET": s.secret}, env); d != "" {
		t.Error(d)
	}
	if host, _, err := net.SplitHostPort(env["SERVER"]); err != nil || host != "127.0.0.1" {
		t.Errorf("at %s", env["SERVER"])
	}
}
