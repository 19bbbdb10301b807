package doctor

import (
	"cmp"
	"fmt"
	"strings"
)

func notifyCalls(f Facts, n Needs) Finding {
	return tried("seccomp notification", "calls can be answered, and with descriptors; signals do not disturb", f.Notify,
		`handoff = ["adopt"] cannot work.`, "use Linux 5.19 or newer; in a container allow seccomp, SECCOMP_IOCTL_NOTIF_* and pidfd_getfd in its profile", n.Adopt)
}

func descriptors(f Facts, n Needs) Finding {
	return tried("pidfd_getfd", "works on a process of the same user", f.GetFD,
		`handoff = ["adopt"] cannot reach a program's own sockets, and take_from cannot take those of a running one.`, lookMend(f), n.Adopt)
}

func memory(f Facts, n Needs) Finding {
	return tried("process_vm_readv", "works on a process of the same user", f.ReadMemory,
		`handoff = ["adopt"] cannot read which address a program binds.`, lookMend(f), n.Adopt)
}

// lookMend names what usually keeps one from looking at another process of the same user: Yama allows it from 1 on only to ancestors, and
// the manager is a sibling.
func lookMend(f Facts) string {
	mend := grant(f, "CAP_SYS_PTRACE")
	if scope := f.Sysctl["kernel.yama.ptrace_scope"]; scope != "" && scope != "0" {
		mend += "; or sysctl -w kernel.yama.ptrace_scope=0 (it is " + scope + ")"
	}
	return mend
}

// tried judges something that works or not, which only some services need.
func tried(name, value, failure, cost, mend string, by []string) Finding {
	if failure == "" {
		return Finding{Name: name, Level: OK, Value: value}.required(by)
	}
	reason, better := advice(failure)
	return Finding{Name: name, Level: Missing, Value: reason, Cost: cost, Mend: cmp.Or(better, mend)}.required(by)
}

func adopting(f Facts, n Needs) Finding {
	finding := tried("adopting", "programs that know nothing of supervise", f.Adopt, `handoff = ["adopt"] is refused.`, "see the lines above", n.Adopt)
	if finding.Level == OK && !f.can("CAP_SYS_PTRACE") {
		finding.Level, finding.Value = Limited, "programs of supervise's own user, if they do not change it"
		finding.Cost = "A program that becomes another user before it binds is out of reach: it is not intercepted, and not promoted."
		finding.Mend = grant(f, "CAP_SYS_PTRACE")
		return finding.required(n.AdoptUsers)
	}
	return finding
}

func steering(f Facts, n Needs) Finding {
	finding := Finding{Name: "steering", NeededBy: n.Steer}
	switch {
	case f.Extended == "":
		finding.Level, finding.Value = OK, "eBPF"
	case f.Classic == "":
		reason, _ := advice(f.Extended)
		finding.Level, finding.Value = OK, "classic BPF; "+reason
		if f.Migrate != "" {
			finding.Level = Limited
		}
		finding.Cost = "With eBPF, waiting connections would move on, and the kernel's order of sockets would not matter."
		finding.Mend = grant(f, "CAP_BPF")
	default:
		finding.Level, finding.Value = Missing, f.Classic
		finding.Cost = `sharing = "generation" and "worker" cannot work.`
		finding.Mend = "use Linux 4.5 or newer; in a container see to its seccomp profile"
	}
	return finding
}

func waiting(f Facts, n Needs) Finding {
	finding := Finding{Name: "waiting connections", Level: OK, Value: "move on when a socket of a generation is closed", NeededBy: n.Steer}
	if f.Migrate != "" {
		finding.Level, finding.Value = Limited, strings.TrimSuffix(f.Migrate, ".")
		finding.Cost = "Before a generation's socket is closed, supervise waits until nothing waits at it; what still does after a while is reset."
		finding.Mend = "sysctl -w net.ipv4.tcp_migrate_req=1; or " + grant(f, "CAP_BPF")
	}
	return finding
}

func groups(f Facts, n Needs) Finding {
	finding := Finding{Name: "control groups", Level: OK, Value: "version 2, given to supervise", NeededBy: n.groups()}
	if f.Group == "" {
		return finding
	}
	finding.Level = Limited
	finding.Value, finding.Mend = advice(strings.TrimPrefix(f.Group, "cannot use control groups: "))
	finding.Mend = cmp.Or(finding.Mend, "Delegate=yes in the unit of systemd; by hand systemd-run --scope -p Delegate=yes supervise …, as an ordinary user systemd-run --user --scope; in a container, a cgroup namespace of its own, writable")
	finding.Cost = "Processes of a worker are found by their descent and session; one that hides from both is not found. There are no limits for a worker as a whole."
	return finding.required(n.groups())
}

// controller judges one controller; it does not matter unless a limit needs it, or the machine has control groups.
func controller(name string) func(Facts, Needs) Finding {
	return func(f Facts, n Needs) Finding {
		by := n.Controllers[name]
		if f.Group != "" && len(by) == 0 {
			return Finding{}
		}
		finding := Finding{Name: "controller " + name, Level: OK, Value: "there", NeededBy: by}
		why := f.Controllers[name]
		if f.Group != "" {
			why = "there is no control group"
		}
		if why != "" {
			finding.Level, finding.Cost = Limited, "limits."+name+"_max cannot be kept."
			finding.Value, finding.Mend = advice(strings.TrimPrefix(why, fmt.Sprintf("cannot limit by the controller %q: ", name)))
		}
		return finding.required(by)
	}
}
