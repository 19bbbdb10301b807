package config

import (
	"fmt"
	"strings"
	"testing"
)

// What does not fit in zerg's one message is an error of the file.
func TestServeZergBound(t *testing.T) {
	for n, want := range map[int]string{mostZerg: "", mostZerg + 1: "zerg has room for 253, these are 254"} {
		var text strings.Builder
		var names []string
		for i := range n {
			fmt.Fprintf(&text, "listener \"l%d\" {\n address = \"tcp://127.0.0.1:%d\"\n}\n", i, 10000+i)
			names = append(names, fmt.Sprintf("%q", fmt.Sprint("l", i)))
		}
		fmt.Fprintf(&text, "serve \"z\" {\n protocol = \"zerg\"\n address = \"unix:///run/z.sock\"\n listeners = [%s]\n}\n", strings.Join(names, ", "))
		text.WriteString("service \"app\" {\n command = [\"./app\"]\n listeners = [\"l0\"]\n}\n")
		_, err := Parse("app.hcl", []byte(text.String()), Host{System: "linux"})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %.300v", n, err)
		}
	}
}
