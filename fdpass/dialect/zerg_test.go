package dialect

import (
	"strconv"
	"strings"
	"testing"
)

// One message has room for so many descriptors and no more.
func TestZergBound(t *testing.T) {
	in := Input{RuntimeDir: "/run/w"}
	for n := range mostZerg + 1 {
		in.Sockets = append(in.Sockets, Socket{Name: "l" + strconv.Itoa(n), Network: "tcp", Port: 1000 + n})
	}
	_, err := Combine([]string{"zerg"}, in)
	if err == nil || !strings.Contains(err.Error(), "it has room for 253 sockets, there are 254") {
		t.Errorf("got %v", err)
	}
	in.Sockets = in.Sockets[:mostZerg]
	if _, err := Combine([]string{"zerg"}, in); err != nil {
		t.Error(err)
	}
}
