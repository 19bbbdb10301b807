package fdpass

import (
	"fmt"
	"strings"
	"syscall"
)

// winsockRow says what one error number of Winsock means when it comes from one kind of call. Words in braces are filled in by fill.
type winsockRow struct {
	number syscall.Errno
	name   string        // in winsock2.h
	posix  syscall.Errno // what errors.Is takes it for
	when   string        // a class of classOf, "" for any; the first row that fits counts
	cause  string
	advice string
}

// sight is what was looked up for the words, because it depends on the machine.
type sight struct {
	holder string // "nginx.exe (pid 812)", "this process itself", "" when not known
	ours   bool   // the holder is this process
	own    string // "; it has 127.0.0.1 ::1"
}

// explainWinsock puts an error number into words: the cause, and what to do. op is that of OpenError.
func explainWinsock(spec Spec, op string, number syscall.Errno, see sight) (cause, advice string) {
	classes := append(classesOf(spec, op, number, see), "")
	for _, row := range winsockRows() {
		for _, class := range classes {
			if row.number == number && row.when == class {
				fill := filler(spec, op, see)
				return fill.Replace(row.cause), fill.Replace(row.advice)
			}
		}
	}
	return fmt.Sprintf("windows error %d: %s", int(number), number), ""
}

// classesOf gives what the call was, and what is known of it, as the table says it.
func classesOf(spec Spec, op string, number syscall.Errno, see sight) []string {
	var list []string
	switch op {
	case "socket", "listen", "export", "import":
		return []string{op}
	case "bind":
	case "restore", "recover", "pause", "join":
		return nil
	default:
		return []string{"option"}
	}
	ip, err := spec.Address.ip()
	switch {
	case see.ours:
		list = append(list, "ours")
	case see.holder != "":
		list = append(list, "held")
	case spec.Address.Port == 0 && number == 10048:
		list = append(list, "any port")
	case err == nil && ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "":
		list = append(list, "zone")
	}
	return append(list, "bind")
}

func filler(spec Spec, op string, see sight) *strings.Replacer {
	a := spec.Address
	transport, version, family := "tcp", "ipv4", "IPv4"
	if a.isUDP() {
		transport = "udp"
	}
	if ip, err := a.ip(); err == nil && ip.Is6() {
		version, family = "ipv6", "IPv6"
	}
	return strings.NewReplacer("{holder}", see.holder, "{own}", see.own, "{host}", a.Host, "{network}", a.Network, "{op}", op,
		"{transport}", transport, "{ip}", version, "{family}", family)
}

// withoutOption is what to do about an option that Windows lacks.
func withoutOption(name string) string {
	switch name {
	case "reuse_port":
		return "remove it: one socket is shared by all workers, and nobody else can bind beside it"
	case "tos", "priority":
		return "remove it, and set a policy: New-NetQosPolicy"
	}
	return "remove " + name
}

// posixOf gives the name that portable code tests for by errors.Is; 0 when there is none. Numbers of other systems are below.
func posixOf(number syscall.Errno) syscall.Errno {
	if number < 10000 {
		return 0
	}
	for _, row := range winsockRows() {
		if row.number == number {
			return row.posix
		}
	}
	return 0
}
