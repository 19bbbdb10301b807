//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCheckGolden shows the plans of testdata/check/*.hcl, as text and as JSON. What differs between machines is replaced.
func TestCheckGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for suffix, flags := range map[string][]string{".txt": nil, ".json": {"--json"}} {
			t.Run(filepath.Base(file)+suffix, func(t *testing.T) {
				cmd := exec.Command(program(t, "supervise"), append([]string{"check", "--config", file, "--control", "/run/supervise/test.sock"}, flags...)...)
				var errs bytes.Buffer
				cmd.Stderr = &errs
				out, _ := cmd.Output()
				compare(t, strings.TrimSuffix(file, ".hcl")+suffix, normal(t, string(out)+errs.String()))
			})
		}
	}
}

func normal(t *testing.T, text string) string {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	text = strings.ReplaceAll(text, here, "HERE")
	text = regexp.MustCompile(`(allows|which is|cut to) \d+`).ReplaceAllString(text, "$1 SOMAXCONN")
	return regexp.MustCompile(`("effective": |"backlog_limit": )\d+`).ReplaceAllString(text, "${1}SOMAXCONN")
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (go test -update writes it), got:\n%s", path, got)
	}
}
