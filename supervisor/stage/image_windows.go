package stage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// explainImage says what a file is that Windows cannot run. A program begins with MZ; where its PE header is, the number
// at 0x3c says, and the machine is the word behind its "PE\0\0".
func explainImage(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "the file cannot be read"
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "the file cannot be read"
	}
	return imageOf(head)
}

func imageOf(head []byte) string {
	switch {
	case len(head) == 0:
		return "the file is empty"
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return "it is a program for linux or another unix, which windows cannot run"
	case bytes.HasPrefix(head, []byte("#!")):
		return "it is a script, which windows does not run by its first line (write the interpreter into the command)"
	case !bytes.HasPrefix(head, []byte("MZ")):
		return "it is no program that this machine can run"
	}
	if machine, ok := machineOf(head); ok {
		return "it is a program for " + machine + ", which this machine cannot run"
	}
	return "it is a damaged program, or one for another system"
}

// machineOf names the machine in a PE header.
func machineOf(head []byte) (string, bool) {
	names := map[uint16]string{0x14c: "x86", 0x8664: "x86-64", 0xaa64: "arm64", 0x1c4: "arm"}
	if len(head) < 0x40 {
		return "", false
	}
	at := int64(binary.LittleEndian.Uint32(head[0x3c:]))
	if at+6 > int64(len(head)) || !bytes.HasPrefix(head[at:], []byte("PE\x00\x00")) {
		return "", false
	}
	machine := binary.LittleEndian.Uint16(head[at+4:])
	if name, ok := names[machine]; ok {
		return name, true
	}
	return fmt.Sprintf("another machine (%#x)", machine), true
}
