package drill

import (
	"strings"
	"testing"
)

func TestRunUnix(t *testing.T) {
	for _, target := range []Target{
		serve(t, "unix", t.TempDir()+"/s", reply(answer)),
		serve(t, "unix", "@drill-test-"+strings.ReplaceAll(t.TempDir(), "/", "-"), reply(answer)),
	} {
		expect(t, Options{Targets: []Target{target}, HTTP: "/", Connections: 100}, ok)
	}
	expect(t, Options{Targets: []Target{{"unix", t.TempDir() + "/none"}}, Connections: 10}, refused)
}
