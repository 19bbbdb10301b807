//go:build linux

package stage

import (
	"encoding/binary"
	"runtime"
	"testing"
)

const testArch = runtime.GOARCH

// testMachine is e_machine of the machine the tests run on.
var testMachine = map[string]byte{"amd64": 62, "arm64": 183}[testArch]

// elfFile is the smallest 64-bit ELF file: a header and one PT_INTERP segment.
func elfFile(machine byte, interpreter string) string {
	const header, entry = 64, 56
	b := make([]byte, header+entry)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2) // ET_EXEC
	le.PutUint16(b[18:], uint16(machine))
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], header) // e_phoff
	le.PutUint16(b[52:], header)
	le.PutUint16(b[54:], entry)
	le.PutUint16(b[56:], 1)
	p := b[header:]
	le.PutUint32(p, 3)     // PT_INTERP
	le.PutUint32(p[4:], 4) // readable
	le.PutUint64(p[8:], header+entry)
	le.PutUint64(p[32:], uint64(len(interpreter)+1))
	le.PutUint64(p[40:], uint64(len(interpreter)+1))
	return string(b) + interpreter + "\x00"
}

func TestMachineOf(t *testing.T) {
	tests := map[string]string{
		elfFile(62, ""):                          "x86-64",
		elfFile(183, ""):                         "arm64",
		elfFile(99, ""):                          "another architecture (ELF machine 99)",
		"\x7fELF":                                "nothing (it is cut off)",
		"\x7fELF\x02\x02" + pad(12) + "\x00\x16": "s390",
	}
	for head, want := range tests {
		if got := machineOf([]byte(head)); got != want {
			t.Errorf("%q: got %s, want %s", head, got, want)
		}
	}
}

func pad(n int) string { return string(make([]byte, n)) }

func TestInterpreterOf(t *testing.T) {
	tests := map[string]string{
		"#!/bin/sh\n":             "/bin/sh",
		"#! \t/bin/sh -e\nexit":   "/bin/sh",
		"#!/usr/bin/env python\n": "/usr/bin/env",
		"#!/bin/sh":               "/bin/sh",
		"#!\n":                    "",
		"echo #!/bin/sh":          "none",
		"":                        "none",
		"#!/bin/sh\r\n":           "/bin/sh\r",
	}
	for head, want := range tests {
		got, ok := interpreterOf([]byte(head))
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", head, got, want)
		}
	}
}
