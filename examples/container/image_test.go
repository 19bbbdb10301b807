//go:build linux

package container_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// image is what the last stage of the Dockerfile makes.
type image struct {
	root    string
	command []string // ENTRYPOINT and CMD
}

// module is the folder in which docker builds.
const module = "../.."

// builder carries out a Dockerfile that uses no more than ours.
type builder struct {
	t     *testing.T
	out   string // what the first stage calls /out
	image image
}

// buildImage carries out the Dockerfile. Every container gets files of its own.
func buildImage(t *testing.T) image {
	t.Helper()
	dir := t.TempDir()
	b := builder{t: t, out: filepath.Join(dir, "out"), image: image{root: filepath.Join(dir, "root")}}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if verb, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && verb != "#" {
			b.do(verb, rest)
		}
	}
	return b.image
}

// do carries out one line.
func (b *builder) do(verb, rest string) {
	b.t.Helper()
	switch verb {
	case "RUN":
		b.compile(rest)
	case "COPY":
		b.copy(strings.Fields(rest))
	case "ENTRYPOINT", "CMD":
		var words []string
		if err := json.Unmarshal([]byte(rest), &words); err != nil {
			b.t.Fatalf("%s %s: %v", verb, rest, err)
		}
		b.image.command = append(b.image.command, words...)
	case "FROM", "WORKDIR", "EXPOSE", "STOPSIGNAL":
	default:
		b.t.Fatalf("%s %s: not understood by this test", verb, rest)
	}
}

// copy copies into the image: what the first stage has built, or a file of the module.
func (b *builder) copy(args []string) {
	b.t.Helper()
	var err error
	switch {
	case args[0] == "--from=build":
		err = os.CopyFS(filepath.Join(b.image.root, args[2]), os.DirFS(b.out))
	case args[0] != ".":
		var text []byte
		if text, err = os.ReadFile(filepath.Join(module, args[0])); err == nil {
			err = writeFile(filepath.Join(b.image.root, args[1]), text)
		}
	}
	if err != nil {
		b.t.Fatalf("COPY %v: %v", args, err)
	}
}

func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// compile is RUN: the go command of this machine.
func (b *builder) compile(line string) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), "sh", "-c", strings.ReplaceAll(line, "/out/", b.out+"/"))
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("RUN %s: %v\n%s", line, err, out)
	}
}
