package adopt

import (
	"encoding/binary"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// run interprets what code makes, on a call.
func run(t *testing.T, list []unix.SockFilter, arch uint32, number int32, arguments ...uint64) uint32 {
	t.Helper()
	data := make([]byte, 64)
	binary.LittleEndian.PutUint32(data[numberAt:], uint32(number))
	binary.LittleEndian.PutUint32(data[archAt:], arch)
	for i, a := range arguments {
		binary.LittleEndian.PutUint64(data[argument+8*i:], a)
	}
	var a uint32
	for at := 0; at < len(list); at++ {
		switch i := list[at]; i.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = binary.LittleEndian.Uint32(data[i.K:])
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= i.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			if a == i.K {
				at += int(i.Jt)
			} else {
				at += int(i.Jf)
			}
		case unix.BPF_RET | unix.BPF_K:
			return i.K
		default:
			t.Fatalf("unexpected code %#x", i.Code)
		}
	}
	t.Fatal("it runs out")
	return 0
}

func TestFilter(t *testing.T) {
	const x86, i386, arm64, arm = unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_ARM
	for _, c := range []struct {
		name    string
		machine string
		paths   bool
		arch    uint32
		number  int32
		args    []uint64
		asks    bool
	}{
		{"bind", "amd64", false, x86, 49, []uint64{3, 0, 16}, true},
		{"bind of netlink", "amd64", false, x86, 49, []uint64{3, 0, 12}, false},
		{"bind of a short path", "amd64", true, x86, 49, []uint64{3, 0, 12}, true},
		{"listen", "amd64", false, x86, 50, nil, true},
		{"x32 bind", "amd64", false, x86, 49 | x32Bit, []uint64{3, 0, 16}, true},
		{"io_uring", "amd64", false, x86, 425, nil, true},
		{"unlink", "amd64", false, x86, 87, nil, false},
		{"unlink with paths", "amd64", true, x86, 87, nil, true},
		{"unlinkat with paths", "amd64", true, x86, 263, nil, true},
		{"read", "amd64", true, x86, 0, nil, false},
		{"accept4", "amd64", true, x86, 288, nil, false},
		{"i386 bind", "amd64", false, i386, 361, []uint64{3, 0, 16}, true},
		{"i386 socketcall bind", "amd64", false, i386, 102, []uint64{2}, true},
		{"i386 socketcall listen", "amd64", false, i386, 102, []uint64{4}, true},
		{"i386 socketcall accept", "amd64", false, i386, 102, []uint64{5}, false},
		{"i386 number 50 is not listen", "amd64", false, i386, 50, nil, false},
		{"another architecture", "amd64", true, arm64, 200, nil, false},
		{"arm64 bind", "arm64", false, arm64, 200, []uint64{3, 0, 16}, true},
		{"arm64 listen", "arm64", false, arm64, 201, nil, true},
		{"arm64 unlinkat", "arm64", true, arm64, 35, nil, true},
		{"arm bind", "arm64", false, arm, 282, []uint64{3, 0, 28}, true},
		{"arm unlink", "arm64", true, arm, 10, nil, true},
	} {
		want := uint32(unix.SECCOMP_RET_ALLOW)
		if c.asks {
			want = unix.SECCOMP_RET_USER_NOTIF
		}
		if got := run(t, code(abis(c.machine), Filter{Paths: c.paths}), c.arch, c.number, c.args...); got != want {
			t.Errorf("%s: got %#x", c.name, got)
		}
	}
}

// The numbers of this machine are those that x/sys has.
func TestNumbers(t *testing.T) {
	own := abis(runtime.GOARCH)[0]
	for c, want := range map[call]int32{callBind: unix.SYS_BIND, callListen: unix.SYS_LISTEN, callUnlinkAt: unix.SYS_UNLINKAT, callRing: unix.SYS_IO_URING_SETUP} {
		if own.numbers[c] != want {
			t.Errorf("call %d has number %d, not %d", c, own.numbers[c], want)
		}
		if got, ok := callOf(own.arch, want); got != c || !ok {
			t.Errorf("number %d is call %d, %v", want, got, ok)
		}
	}
	if _, ok := callOf(own.arch, unix.SYS_READ); ok {
		t.Error("read is known")
	}
	if abis("riscv64") != nil {
		t.Error("riscv64 is known")
	}
}
