package adopt

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// call is what a program asked for, whatever number its kind of program has for it.
type call int

const (
	callBind call = iota
	callListen
	callSocketCall // i386: one number for all of sockets, with the real arguments in memory (socketcall(2))
	callUnlink
	callUnlinkAt
	callRing // io_uring_setup(2)
	numCalls
)

// none is the number of a call that a kind of program does not have.
const none = -1

// abi is a kind of program that the machine runs, by its AUDIT_ARCH constant, with the numbers of its system calls.
type abi struct {
	arch    uint32
	numbers [numCalls]int32
}

// x32Bit marks the numbers of x32 programs, which are otherwise those of amd64 (for the calls here). Others never have it.
const x32Bit = 0x40000000

// abis gives the kinds of program of a machine (GOARCH), its own first; nothing for a machine that adopt does not know.
func abis(machine string) []abi {
	switch machine {
	case "amd64":
		return []abi{
			{unix.AUDIT_ARCH_X86_64, [...]int32{49, 50, none, 87, 263, 425}},
			{unix.AUDIT_ARCH_I386, [...]int32{361, 363, 102, 10, 301, 425}},
		}
	case "arm64":
		return []abi{
			{unix.AUDIT_ARCH_AARCH64, [...]int32{200, 201, none, none, 35, 425}},
			{unix.AUDIT_ARCH_ARM, [...]int32{282, 284, none, 10, 328, 425}},
		}
	}
	return nil
}

// callOf finds what a number means to a kind of program.
func callOf(arch uint32, number int32) (call, bool) {
	for _, a := range abis(runtime.GOARCH) {
		if a.arch != arch {
			continue
		}
		for c, n := range a.numbers {
			if n == number&^x32Bit {
				return call(c), true
			}
		}
	}
	return 0, false
}
