package steer

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Offsets in struct sk_reuseport_md of linux/bpf.h.
const migratingSocket = 48

// bytesFromNetwork is BPF_HDR_START_NET of linux/bpf.h.
const bytesFromNetwork = 1

// The program's stack: number is the key for the map, header what the IP header and what follows it hold, port the first bytes of the TCP header.
// A TCP packet has at least 40 bytes from its IP header on.
const (
	number, header, port = -4, -48, -56
	headerSize           = 40
)

// others is how many of the current members a program tries one after the other when the one it chose is gone.
const others = 32

// extended writes a program. Registers: R6 the context, R7 the IP version.
type extended struct {
	sockets *ebpf.Map
	program asm.Instructions
	labels  int
}

// extendedProgram makes the program that chooses a socket of the map.
//
//	a connection that waits at a leaving member? one of the current ones
//	for each probe: IP version, source address, source port as expected? its member
//	random < threshold? one of the canaries
//	one of the current ones; if it is gone, the first current one that is there
//
// Whatever fails goes on to the next line, and in the end to the kernel's hash: a connection is never refused here.
func extendedProgram(r route, sockets *ebpf.Map) asm.Instructions {
	e := &extended{sockets: sockets}
	e.add(asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R1, asm.R6, migratingSocket, asm.DWord),
		asm.JNE.Imm(asm.R1, 0, "current"))
	if len(r.probes) > 0 {
		e.probes(r.probes)
	}
	e.program = append(e.program, asm.Mov.Imm(asm.R0, 0).WithSymbol("canary"))
	if len(r.canary) > 0 {
		e.add(asm.FnGetPrandomU32.Call(), asm.JGE.Imm32(asm.R0, int32(r.threshold), "current"))
		e.one(r.canary)
	}
	e.program = append(e.program, asm.Mov.Imm(asm.R0, 0).WithSymbol("current"))
	e.one(r.current)
	if count(r.current) > 1 {
		for _, n := range first(r.current, others) {
			e.take(n)
		}
	}
	return append(e.program, asm.Mov.Imm(asm.R0, 1).WithSymbol("pass"), asm.Return()) // SK_PASS
}

func (e *extended) add(list ...asm.Instruction) { e.program = append(e.program, list...) }

// label gives a name that is not used yet.
func (e *extended) label() string {
	e.labels++
	return fmt.Sprint("behind", e.labels)
}

// place puts a label at the next instruction, which does nothing.
func (e *extended) place(label string) {
	e.add(asm.Mov.Imm(asm.R0, 0).WithSymbol(label))
}

// take chooses the socket with that number and ends the program when it is there.
func (e *extended) take(n uint32) {
	e.add(asm.StoreImm(asm.RFP, number, int64(n), asm.Word))
	e.choose()
}

func (e *extended) choose() {
	e.add(asm.Mov.Reg(asm.R1, asm.R6),
		asm.LoadMapPtr(asm.R2, e.sockets.FD()),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, number),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnSkSelectReuseport.Call(),
		asm.JEq.Imm(asm.R0, 0, "pass"))
}

// one chooses one of the numbers at random.
func (e *extended) one(all []run) {
	switch count(all) {
	case 0:
		return
	case 1:
		e.take(all[0].delta)
		return
	}
	chosen := e.label()
	e.add(asm.FnGetPrandomU32.Call(), asm.Mod.Imm32(asm.R0, int32(count(all))))
	for _, r := range all {
		next := e.label()
		e.add(asm.JGE.Imm32(asm.R0, int32(r.end), next),
			asm.Add.Imm32(asm.R0, int32(r.delta)),
			asm.StoreMem(asm.RFP, number, asm.R0, asm.Word),
			asm.Ja.Label(chosen))
		e.program = append(e.program, asm.Mov.Reg32(asm.R0, asm.R0).WithSymbol(next))
	}
	e.add(asm.StoreImm(asm.RFP, number, -1, asm.Word)) // not reached: the remainder lies in one of the runs
	e.place(chosen)
	e.choose()
}

// probes reads the headers once and compares them with every probe.
func (e *extended) probes(list []probeRoute) {
	load := func(to, size int32) []asm.Instruction {
		return []asm.Instruction{asm.Mov.Reg(asm.R1, asm.R6), asm.Mov.Imm(asm.R2, 0),
			asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, to), asm.Mov.Imm(asm.R4, size)}
	}
	e.add(load(header, headerSize)...)
	e.add(asm.Mov.Imm(asm.R5, bytesFromNetwork), asm.FnSkbLoadBytesRelative.Call(), asm.JNE.Imm(asm.R0, 0, "canary"))
	e.add(load(port, 2)...)
	e.add(asm.FnSkbLoadBytes.Call(), asm.JNE.Imm(asm.R0, 0, "canary"),
		asm.LoadMem(asm.R7, asm.RFP, header, asm.Byte), asm.And.Imm(asm.R7, 0xf0))
	for _, p := range list {
		e.probe(p)
	}
}

func (e *extended) probe(p probeRoute) {
	next := e.label()
	version, at := int32(version4), int16(header+12)
	if p.from.Addr().Is6() {
		version, at = version6, header+8
	}
	e.add(asm.JNE.Imm(asm.R7, version, next),
		asm.LoadMem(asm.R1, asm.RFP, port, asm.Half),
		asm.JNE.Imm32(asm.R1, int32(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, p.from.Port()))), next))
	for address := p.from.Addr().AsSlice(); len(address) > 0; address, at = address[4:], at+4 {
		e.add(asm.LoadMem(asm.R1, asm.RFP, at, asm.Word),
			asm.JNE.Imm32(asm.R1, int32(binary.NativeEndian.Uint32(address)), next))
	}
	e.take(p.to)
	e.place(next)
}
