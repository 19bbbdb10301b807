//go:build unix

package stage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// explainRun says what execve(2) meant by err. Its errors are ambiguous: ENOENT
// is also a missing interpreter, EACCES also a folder.
func (c *child) explainRun(path string, err error) string {
	switch err {
	case unix.ENOENT:
		return explainMissing(path)
	case unix.EACCES, unix.EPERM:
		return explainDenied(path)
	case unix.ENOEXEC:
		return explainFormat(head(path))
	case unix.ENOTDIR:
		return "a part of the path is not a directory"
	case unix.E2BIG:
		return fmt.Sprintf("its arguments and environment are too large (%d bytes; execve(2) takes a quarter of the stack limit, 128 KiB in one string)", c.plan.size())
	case unix.ETXTBSY:
		return "someone has it open for writing (deploy by renaming a new file over it)"
	case unix.EAGAIN:
		return "the user has too many processes (limit nproc)"
	}
	return err.Error()
}

// size is what counts against execve's limit, without the pointers.
func (p *Plan) size() (n int) {
	for _, list := range [][]string{p.Command, p.Env} {
		for _, s := range list {
			n += len(s) + 1
		}
	}
	return n
}

// explainMissing tells a missing file from a missing interpreter.
func explainMissing(path string) string {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return "no such file"
	}
	if unix.Stat(path, &st) != nil {
		return "it is a symbolic link to a file that does not exist"
	}
	interpreter, ok := interpreterOf(head(path))
	switch {
	case !ok:
		return "the file exists, but the loader it was linked for does not (built for another system or C library?)"
	case strings.HasSuffix(interpreter, "\r"):
		return fmt.Sprintf("its interpreter %q does not exist: the first line ends in a carriage return (save it with unix line ends)", interpreter)
	}
	return fmt.Sprintf("its interpreter %q, named in the first line, does not exist", interpreter)
}

// explainDenied finds which of the reasons for EACCES it is.
func explainDenied(path string) string {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err == unix.EACCES {
		return fmt.Sprintf("permission denied for uid %d in folder %q", os.Geteuid(), filepath.Dir(path))
	}
	switch {
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return "it is a directory"
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return "it is not a regular file"
	case st.Mode&0o111 == 0:
		return "it is not executable (chmod +x)"
	case unix.Access(path, unix.X_OK) != nil:
		return fmt.Sprintf("permission denied for uid %d (mode %04o, or its file system is mounted noexec)", os.Geteuid(), st.Mode&0o7777)
	}
	if interpreter, ok := interpreterOf(head(path)); ok {
		return fmt.Sprintf("its interpreter %q, named in the first line, may not be run", interpreter)
	}
	return "permission denied"
}

// head is the first bytes of a file: as much as the kernel looks at (BINPRM_BUF_SIZE).
func head(path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	b := make([]byte, 256)
	n, err := unix.Read(fd, b)
	if err != nil {
		return nil
	}
	return b[:n]
}

// interpreterOf is the program in a script's first line.
func interpreterOf(head []byte) (string, bool) {
	line, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return "", false
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	line = bytes.TrimLeft(line, " \t")
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		line = line[:i]
	}
	return string(line), true
}

// explainFormat says what a file is that the kernel cannot run.
func explainFormat(head []byte) string {
	_, script := interpreterOf(head)
	switch {
	case len(head) == 0:
		return "the file is empty or cannot be read"
	case script:
		return "its first line #! names no interpreter"
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return "it is a program for " + machineOf(head) + ", which this machine cannot run"
	case bytes.IndexByte(head, 0) < 0:
		return "it is a text file without an interpreter (write #!/bin/sh or the like into its first line)"
	}
	return "it is no program that this machine can run"
}

// machineOf names the architecture in an ELF header (e_machine, elf(5)).
func machineOf(head []byte) string {
	names := map[uint16]string{3: "x86", 8: "mips", 20: "powerpc", 21: "ppc64", 22: "s390", 40: "arm", 62: "x86-64", 183: "arm64", 243: "riscv", 258: "loongarch"}
	if len(head) < 20 {
		return "nothing (it is cut off)"
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 { // EI_DATA: ELFDATA2MSB
		order = binary.BigEndian
	}
	machine := order.Uint16(head[18:])
	if name, ok := names[machine]; ok {
		return name
	}
	return fmt.Sprintf("another architecture (ELF machine %d)", machine)
}
