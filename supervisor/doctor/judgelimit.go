package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

// usualBacklog is SOMAXCONN since Linux 5.4.
const usualBacklog = 4096

func backlog(f Facts, n Needs) Finding {
	most, _ := strconv.Atoi(f.Sysctl["net.core.somaxconn"])
	wanted, by := usualBacklog, []string(nil)
	for _, b := range n.Backlogs {
		if b.N > most {
			wanted, by = max(wanted, b.N), append(by, b.By)
		}
	}
	finding := Finding{Name: "backlog", Level: OK, Value: fmt.Sprintf("net.core.somaxconn is %d", most)}
	if most < usualBacklog || len(by) > 0 {
		finding.Level = Limited
		finding.Cost = "The kernel cuts every backlog there, without a word: when more clients wait to be accepted, others must try again after a second or more."
		finding.Mend = fmt.Sprintf("sysctl -w net.core.somaxconn=%d", wanted)
	}
	return finding.wanted(by)
}

func cookies(f Facts, _ Needs) Finding {
	value := f.Sysctl["net.ipv4.tcp_syncookies"]
	finding := Finding{Name: "SYN cookies", Level: OK, Value: "net.ipv4.tcp_syncookies is " + value}
	switch value {
	case "":
		return Finding{}
	case "0":
		finding.Level = Limited
		finding.Cost = "A burst, or an attack, of more handshakes than fit loses the rest of them."
		finding.Mend = "sysctl -w net.ipv4.tcp_syncookies=1"
	}
	return finding
}

// synBacklog matters where there are no cookies to fall back to.
func synBacklog(f Facts, _ Needs) Finding {
	n, err := strconv.Atoi(f.Sysctl["net.ipv4.tcp_max_syn_backlog"])
	if err != nil {
		return Finding{}
	}
	finding := Finding{Name: "handshakes", Level: OK, Value: fmt.Sprintf("net.ipv4.tcp_max_syn_backlog is %d", n)}
	if n < usualBacklog && f.Sysctl["net.ipv4.tcp_syncookies"] == "0" {
		finding.Level = Limited
		finding.Cost = "So many handshakes can be under way at a listener, whatever its backlog."
		finding.Mend = fmt.Sprintf("sysctl -w net.ipv4.tcp_max_syn_backlog=%d", usualBacklog)
	}
	return finding
}

// portRange looks whether the kernel may give a listener's port to an outgoing connection while nobody listens there.
func portRange(f Facts, n Needs) Finding {
	var low, high int
	text := strings.Join(strings.Fields(f.Sysctl["net.ipv4.ip_local_port_range"]), " ")
	if _, err := fmt.Sscan(text, &low, &high); err != nil {
		return Finding{}
	}
	finding := Finding{Name: "ephemeral ports", Level: OK, Value: fmt.Sprintf("%d to %d", low, high)}
	by, ports := n.portsWithin(low, high, reserved(f.Sysctl["net.ipv4.ip_local_reserved_ports"]))
	switch {
	case len(by) > 0:
		finding.Level = Limited
		finding.Cost = "While supervise does not run, an outgoing connection of any program can get a listener's port; supervise then cannot start."
		finding.Mend = "sysctl -w net.ipv4.ip_local_reserved_ports=" + strings.Join(ports, ",")
	case high-low < 10_000:
		finding.Level = Limited
		finding.Cost = "Clients on this machine, such as the drill and proxies, run out of ports: a port is used again only a minute after its connection."
		finding.Mend = `sysctl -w net.ipv4.ip_local_port_range="32768 60999"`
	}
	return finding.wanted(by)
}

// reserved reads a list like "8080,9000-9010".
func reserved(text string) func(port int) bool {
	var ranges [][2]int
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		from, to, isRange := strings.Cut(part, "-")
		low, err := strconv.Atoi(from)
		high := low
		if isRange {
			high, _ = strconv.Atoi(to)
		}
		if err == nil {
			ranges = append(ranges, [2]int{low, high})
		}
	}
	return func(port int) bool {
		for _, r := range ranges {
			if port >= r[0] && port <= r[1] {
				return true
			}
		}
		return false
	}
}

func fastOpen(f Facts, n Needs) Finding {
	flags, err := strconv.Atoi(f.Sysctl["net.ipv4.tcp_fastopen"])
	if err != nil {
		return Finding{}
	}
	finding := Finding{Name: "TCP fast open", Level: OK, Value: fmt.Sprintf("net.ipv4.tcp_fastopen is %d", flags)}
	if flags&2 == 0 {
		finding.Level = Limited
		finding.Cost = "The option fast_open of a listener has no effect."
		finding.Mend = "sysctl -w net.ipv4.tcp_fastopen=" + strconv.Itoa(flags|3)
	}
	return finding.required(n.FastOpen)
}

// manyFiles is what a busy server with some thousand connections needs.
const manyFiles = 65_536

func openFiles(f Facts, n Needs) Finding {
	finding := Finding{Name: "open files", Level: OK, Value: "at most " + limitText(f.NoFile.Hard)}
	var by []string
	for _, b := range n.NoFiles {
		if b.N > f.NoFile.Hard && !f.can("CAP_SYS_RESOURCE") || b.N > f.most() {
			by = append(by, b.By)
		}
	}
	if f.NoFile.Hard < manyFiles || len(by) > 0 {
		finding.Level = Limited
		finding.Cost = "Workers can have so many connections, and limits.nofile cannot go beyond."
		finding.Mend = "LimitNOFILE=1048576 in the unit of systemd, or ulimit -Hn; above " + limitText(f.most()) + " also sysctl -w fs.nr_open"
	}
	return finding.required(by)
}

// most is fs.nr_open: what even root cannot exceed.
func (f Facts) most() uint64 {
	n, err := strconv.ParseUint(f.Sysctl["fs.nr_open"], 10, 64)
	if err != nil {
		return ^uint64(0)
	}
	return n
}

func limitText(n uint64) string {
	if n == ^uint64(0) {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}

// lockedMemory counts for eBPF before Linux 5.11 only.
func lockedMemory(f Facts, _ Needs) Finding {
	const enough = 1 << 20
	if atLeast(f.Kernel, 5, 11) || f.MemoryLock.Hard >= enough {
		return Finding{}
	}
	return Finding{Name: "locked memory", Level: Limited, Value: limitText(f.MemoryLock.Hard) + " bytes", Cost: "Maps and programs of eBPF count as locked memory before Linux 5.11, and do not fit.",
		Mend: "LimitMEMLOCK=infinity in the unit of systemd"}
}

// pipes: the kernel gives a user who has too many of them small ones.
func pipes(f Facts, _ Needs) Finding {
	const usual = 16_384
	pages, err := strconv.Atoi(f.Sysctl["fs.pipe-user-pages-soft"])
	if err != nil {
		return Finding{}
	}
	finding := Finding{Name: "pipes", Level: OK, Value: fmt.Sprintf("fs.pipe-user-pages-soft is %d", pages)}
	if pages != 0 && pages < usual && !f.can("CAP_SYS_RESOURCE") && !f.can("CAP_SYS_ADMIN") {
		finding.Level = Limited
		finding.Cost = "The pipes for the output of workers become small after so many pages: a worker that prints much waits more often."
		finding.Mend = fmt.Sprintf("sysctl -w fs.pipe-user-pages-soft=%d", usual)
	}
	return finding
}

func hiddenProcesses(f Facts, _ Needs) Finding {
	finding := Finding{Name: "processes of others", Level: OK, Value: "can be seen in /proc"}
	if f.HideProc != "" && f.HideProc != "0" && f.HideProc != "off" && !f.can("CAP_SYS_PTRACE") {
		finding.Level, finding.Value = Limited, "/proc is mounted with hidepid="+f.HideProc
		finding.Cost = "Supervise cannot say who has an address, and take_from finds no program of another user."
		finding.Mend = "mount -o remount,hidepid=0 /proc; or " + grant(f, "CAP_SYS_PTRACE")
	}
	return finding
}
