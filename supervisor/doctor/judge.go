package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

const oldKernel = "Programs can be adopted from Linux 5.19 on, connections that wait move on from 5.14, and steering works at all from 4.5."

// grant says how capabilities are given.
func grant(f Facts, capabilities ...string) string {
	text := "AmbientCapabilities=" + strings.Join(capabilities, " ") + " in the unit of systemd"
	if f.UID == 0 {
		text = "let " + strings.Join(capabilities, " and ") + " in CapabilityBoundingSet= of the unit of systemd"
	}
	for _, c := range capabilities {
		text += ", --cap-add=" + strings.TrimPrefix(c, "CAP_")
	}
	return text + " for a container"
}

// advice parts a reason from the advice that stands in brackets at its end.
func advice(text string) (reason, mend string) {
	at := strings.LastIndex(text, " (")
	if at < 0 || !strings.HasSuffix(text, ")") {
		return text, ""
	}
	return text[:at], text[at+2 : len(text)-1]
}

func kernel(f Facts, _ Needs) Finding {
	finding := Finding{Name: "kernel", Level: OK, Value: f.Machine + " " + f.Kernel, Cost: oldKernel, Mend: "use a newer kernel"}
	switch {
	case !strings.HasPrefix(f.Machine, "linux/"):
		finding.Level, finding.Cost, finding.Mend = Missing, "Adopting, steering and control groups are not supported on this system.", "use Linux"
	case !atLeast(f.Kernel, 5, 19):
		finding.Level = Limited
	}
	return finding
}

// atLeast compares the release of a kernel, "6.1.0-18-amd64". What cannot be read is taken for new.
func atLeast(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		rest = rest[:digits]
	}
	a, err := strconv.Atoi(first)
	b, failed := strconv.Atoi(rest)
	return err != nil || failed != nil || a > major || a == major && b >= minor
}

func user(f Facts, _ Needs) Finding {
	finding := Finding{Name: "user", Level: OK, Value: "user " + strconv.Itoa(f.UID)}
	if f.UID == 0 {
		finding.Value = "root"
	}
	switch {
	case len(f.Capabilities) == len(watched):
		finding.Value += ", all capabilities"
	case len(f.Capabilities) == 0:
		finding.Value += ", no capabilities"
	default:
		finding.Value += ", " + strings.Join(f.Capabilities, " ")
	}
	if f.Namespace {
		finding.Level = Limited
		finding.Value += ", in a user namespace"
		finding.Cost = "Capabilities count inside of the namespace only: eBPF, raised limits and most of /proc/sys are out of reach."
		finding.Mend = "run supervise outside of it"
	}
	return finding
}

func lowPorts(f Facts, n Needs) Finding {
	finding := Finding{Name: "low ports", Level: OK, Value: "every port"}
	start, err := strconv.Atoi(f.Sysctl["net.ipv4.ip_unprivileged_port_start"])
	if err != nil {
		start = 1024
	}
	if f.can("CAP_NET_BIND_SERVICE") || start <= 1 {
		return finding
	}
	finding.Level, finding.Value = Limited, fmt.Sprintf("from %d on", start)
	finding.Cost = fmt.Sprintf("Ports below %d cannot be bound.", start)
	finding.Mend = grant(f, "CAP_NET_BIND_SERVICE") + "; or sysctl -w net.ipv4.ip_unprivileged_port_start=0"
	return finding.required(n.portsBelow(start))
}

func otherUsers(f Facts, n Needs) Finding {
	finding := Finding{Name: "other users", Level: OK, Value: "workers can run as any user"}
	if f.can("CAP_SETUID") && f.can("CAP_SETGID") {
		return finding
	}
	finding.Level, finding.Value = Limited, "workers run as supervise's own user"
	finding.Cost = "Services with user, group or groups do not start."
	finding.Mend = grant(f, "CAP_SETUID", "CAP_SETGID")
	return finding.required(n.Users)
}

func networkAdmin(f Facts, n Needs) Finding {
	finding := Finding{Name: "CAP_NET_ADMIN", Level: OK, Value: "there"}
	if f.can("CAP_NET_ADMIN") {
		return finding
	}
	finding.Level, finding.Value = Limited, "not there"
	finding.Cost = "supervise hold, and the options transparent, mark and priority above 6 of a listener, are refused."
	finding.Mend = grant(f, "CAP_NET_ADMIN")
	return finding.required(n.NetworkAdmin)
}

func resources(f Facts, n Needs) Finding {
	finding := Finding{Name: "CAP_SYS_RESOURCE", Level: OK, Value: "there"}
	if f.can("CAP_SYS_RESOURCE") {
		return finding
	}
	finding.Level, finding.Value = Limited, "not there"
	finding.Cost = "Limits above supervise's own hard ones, and an oom_score_adjust below its own, are refused."
	finding.Mend = grant(f, "CAP_SYS_RESOURCE")
	return finding.required(n.Resources)
}

// required makes a lack one of the configuration. by is empty when it does not need the thing.
func (f Finding) required(by []string) Finding {
	if len(by) > 0 {
		f.NeededBy = by
		if f.Level != OK {
			f.Level = Missing
		}
	}
	return f
}

// wanted names who would do better with the thing, without which they work.
func (f Finding) wanted(by []string) Finding {
	f.NeededBy = by
	return f
}
