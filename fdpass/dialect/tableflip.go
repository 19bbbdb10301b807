package dialect

import (
	"bytes"
	"encoding/gob"
	"net"
	"slices"
	"strings"
)

// Where tableflip has its descriptors.
const (
	tableflipReady = 3 // writing end of a pipe
	tableflipNames = 4 // reading end of a pipe
	tableflipFirst = 5 // the first socket
)

// tableflipByte is what a worker writes when it is ready.
const tableflipByte = 42

// tableflip is how a program with Cloudflare's tableflip starts the process that replaces it.
//
//	TABLEFLIP_HAS_PARENT_7DIU3=yes
//	3: the worker writes the byte 42 when it is ready, and closes
//	4: the worker reads a gob of [][]string{{"listener", "tcp", "127.0.0.1:80"}, …}; end of file says that its parent is gone
//	5, 6, …: these sockets, in this order
//
// A socket is found by Listen of exactly the network and address that are its key, so one that can be spelled in several
// ways is passed once for each; what the program does not ask for it closes when it is ready. The end of file follows at
// once: WaitForParent would otherwise wait for supervise itself.
//
// Source: tableflip v1.2.3 parent.go, child.go and fds.go.
func tableflip() dialect {
	return dialect{name: "tableflip", fds: fdsTableflip, tell: tellTableflip, always: true,
		owns: isOneOf("TABLEFLIP_HAS_PARENT_7DIU3"), traps: tableflipTraps, notes: tableflipNotes}
}

func fdsTableflip(in Input) ([]int, error) { return consecutive(tableflipFirst, len(in.Sockets)), nil }

func tellTableflip(in Input, fds []int) (words, error) {
	keys := make([][]string, 0, len(fds))
	for _, s := range in.Sockets {
		keys = append(keys, tableflipKeys(s)[0])
	}
	w := words{env: []string{"TABLEFLIP_HAS_PARENT_7DIU3=yes"}}
	for i, s := range in.Sockets {
		for _, key := range tableflipKeys(s)[1:] {
			if known(keys, key) {
				continue
			}
			w.more = append(w.more, Number{FD: tableflipFirst + len(keys), Socket: i})
			keys = append(keys, key)
		}
	}
	var content bytes.Buffer
	if err := gob.NewEncoder(&content).Encode(keys); err != nil {
		return words{}, err
	}
	w.channels = []Channel{
		{FD: tableflipReady, Kind: PipeOut, Said: func(b []byte) bool { return len(b) > 0 && b[0] == tableflipByte }},
		{FD: tableflipNames, Kind: Content, Content: content.Bytes()},
	}
	return w, nil
}

func known(keys [][]string, key []string) bool {
	return slices.ContainsFunc(keys, func(k []string) bool { return slices.Equal(k, key) })
}

// tableflipKeys returns the keys by which a program may ask for the socket, the likeliest first.
func tableflipKeys(s Socket) [][]string {
	switch {
	case s.isTCP():
		return addressKeys("listener", "tcp", s)
	case strings.HasPrefix(s.Network, "udp"):
		return addressKeys("packet", "udp", s)
	case s.Network == "unix", s.Network == "unixpacket":
		return [][]string{{"listener", s.Network, s.Path}}
	case s.Network == "unixgram":
		return [][]string{{"packet", s.Network, s.Path}}
	}
	return [][]string{{"fd", s.Name, ""}} // for Fds.File
}

// addressKeys spells an address in the ways that package net reads as this one.
func addressKeys(kind, network string, s Socket) [][]string {
	var keys [][]string
	for _, addr := range spellings(s) {
		keys = append(keys, []string{kind, network, addr})
	}
	if s.Network != network {
		for _, key := range slices.Clone(keys) {
			keys = append(keys, []string{kind, s.Network, key[2]})
		}
	}
	return keys
}

func spellings(s Socket) []string {
	at := func(host string) string { return net.JoinHostPort(host, s.port()) }
	switch {
	case !wildcard(s.Host) && (s.Host == "127.0.0.1" || s.Host == "::1"):
		return []string{at(s.Host), at("localhost")}
	case !wildcard(s.Host):
		return []string{at(s.Host)}
	case strings.HasSuffix(s.Network, "4"):
		return []string{at("0.0.0.0"), at("")}
	case strings.HasSuffix(s.Network, "6"):
		return []string{at("::"), at("")}
	}
	return []string{at(""), at("0.0.0.0"), at("::")}
}
