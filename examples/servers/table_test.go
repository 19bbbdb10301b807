//go:build linux

package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

var update = flag.Bool("update", false, "write the golden files")

func TestTable(t *testing.T) {
	good := drill.Result{Attempts: 10000, OK: 10000, Latency: drill.Latency{P50: 0.66, P99: 1.38, Max: 11}}
	bad := drill.Result{Attempts: 15, OK: 0, Refused: 1, Reset: 2, EOF: 3, Timeout: 4, Other: 5}
	var b bytes.Buffer
	writeTable(&b, []row{
		{server: server{name: "nginx", handoff: "nginx"}, Result: good},
		{server: server{name: "loser", handoff: "systemd", note: "Why, and the way out."}, Result: bad, repaired: true},
	}, 10)
	const golden = "testdata/table.md"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s%v", b.String(), want, err)
	}
}
