package adopt

import "golang.org/x/sys/unix"

// Where struct seccomp_data (seccomp(2)) has what the filter looks at. Both machines are little-endian: the low half of an argument is
// first.
const (
	numberAt = 0
	archAt   = 4
	argument = 16 // of 8 bytes each
)

// The socketcall(2) numbers of what is asked about.
const (
	socketCallBind   = 2
	socketCallListen = 4
)

// netlinkSize is the length of struct sockaddr_nl. No address of IP has it, and programs bind netlink sockets often.
const netlinkSize = 12

func load(at uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
}

func jumpEqual(k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(yes), Jf: uint8(no), K: k}
}

func answer(k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k}
}

func allow() unix.SockFilter { return answer(unix.SECCOMP_RET_ALLOW) }

func ask() unix.SockFilter { return answer(unix.SECCOMP_RET_USER_NOTIF) }

// code makes the classic BPF: for each kind of program its calls, then allow. For all numbers that are allowed whatever their arguments
// the kernel knows so from the start and does not run it (since Linux 5.11, because it only loads, masks and compares).
func code(kinds []abi, f Filter) []unix.SockFilter {
	list := []unix.SockFilter{load(archAt)}
	for _, a := range kinds {
		body := a.code(f)
		list = append(list, jumpEqual(a.arch, 0, len(body)))
		list = append(list, body...)
	}
	return append(list, allow())
}

func (a abi) code(f Filter) []unix.SockFilter {
	list := []unix.SockFilter{
		load(numberAt),
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: ^uint32(x32Bit)},
	}
	for c, n := range a.numbers {
		if n == none {
			continue
		}
		if body := judge(call(c), f); body != nil {
			list = append(list, jumpEqual(uint32(n), 0, len(body)))
			list = append(list, body...)
		}
	}
	return append(list, allow())
}

// judge says what happens to a call; nil: nothing.
func judge(c call, f Filter) []unix.SockFilter {
	switch c {
	case callBind:
		if !f.Paths { // a unix path of ten bytes would be as long
			return []unix.SockFilter{load(argument + 2*8), jumpEqual(netlinkSize, 0, 1), allow(), ask()}
		}
	case callSocketCall:
		return []unix.SockFilter{load(argument), jumpEqual(socketCallBind, 1, 0), jumpEqual(socketCallListen, 0, 1), ask(), allow()}
	case callUnlink, callUnlinkAt:
		if !f.Paths {
			return nil
		}
	}
	return []unix.SockFilter{ask()}
}
