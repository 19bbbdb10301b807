package steer

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// networkHeader is SKF_NET_OFF of linux/filter.h: loads from there on count from the IP header. The program itself is run with the
// data behind the TCP header, which is why ports are reached from the IP header.
const networkHeader = 0xfff00000

const (
	source4, source6   = networkHeader + 12, networkHeader + 8 // the source address
	next6, transport6  = networkHeader + 6, networkHeader + 40 // next header; where TCP begins, without extension headers
	protocolTCP        = 6
	version4, version6 = 0x40, 0x60 // in the upper half of the first byte
)

// classicProgram makes the program whose answer is a place in the group.
//
//	for each probe: IP version, source address, source port as expected? its place
//	random < threshold? one of the canaries
//	one of the current ones
//
// A load beyond the packet ends a program with 0, which would be a place: nothing is loaded that a TCP packet does not have.
func classicProgram(r route) []bpf.Instruction {
	var program []bpf.Instruction
	for _, p := range r.probes {
		program = append(program, classicProbe(p)...)
	}
	if len(r.canary) > 0 {
		spread := classicSpread(r.canary)
		program = append(program,
			bpf.LoadExtension{Num: bpf.ExtRand},
			bpf.JumpIf{Cond: bpf.JumpLessThan, Val: r.threshold, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(spread))})
		program = append(program, spread...)
	}
	return append(program, classicSpread(r.current)...)
}

// classicSpread answers with one of the numbers at random.
func classicSpread(all []run) []bpf.Instruction {
	switch count(all) {
	case 0:
		return []bpf.Instruction{bpf.RetConstant{Val: hashed}}
	case 1:
		return []bpf.Instruction{bpf.RetConstant{Val: all[0].delta}}
	}
	program := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtRand}, bpf.ALUOpConstant{Op: bpf.ALUOpMod, Val: count(all)}}
	for i, r := range all {
		if i < len(all)-1 {
			program = append(program, bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: r.end, SkipTrue: 2})
		}
		program = append(program, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: r.delta}, bpf.RetA{})
	}
	return program
}

// condition is one load and what must come of it.
type condition struct {
	load []bpf.Instruction
	is   uint32
}

// classicProbe answers with the probe's number when all conditions hold, else it goes on behind itself.
func classicProbe(p probeRoute) []bpf.Instruction {
	conditions := probeConditions(p.from.Addr().AsSlice(), uint32(p.from.Port()))
	length := 1 // the return
	for _, c := range conditions {
		length += len(c.load) + 1
	}
	var program []bpf.Instruction
	for _, c := range conditions {
		program = append(program, c.load...)
		behind := length - len(program) - 1
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: c.is, SkipTrue: uint8(behind)})
	}
	return append(program, bpf.RetConstant{Val: p.to})
}

func probeConditions(address []byte, port uint32) []condition {
	version := func(is uint32) condition {
		return condition{[]bpf.Instruction{bpf.LoadAbsolute{Off: networkHeader, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0}}, is}
	}
	load := func(offset, size int, is uint32) condition {
		return condition{[]bpf.Instruction{bpf.LoadAbsolute{Off: uint32(offset), Size: size}}, is}
	}
	if len(address) == 4 {
		// The length of an IPv4 header is in its first byte.
		portIs := condition{[]bpf.Instruction{bpf.LoadMemShift{Off: networkHeader}, bpf.LoadIndirect{Off: networkHeader, Size: 2}}, port}
		return []condition{version(version4), load(source4, 4, binary.BigEndian.Uint32(address)), portIs}
	}
	list := []condition{version(version6), load(next6, 1, protocolTCP)}
	for i := 0; i < 16; i += 4 {
		list = append(list, load(source6+i, 4, binary.BigEndian.Uint32(address[i:])))
	}
	return append(list, load(transport6, 2, port))
}
