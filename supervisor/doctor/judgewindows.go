package doctor

import "slices"

// windowsMachine begins Facts.Machine on Windows.
const windowsMachine = "windows/"

// windowsJudges are those that matter there, in the order of judges. What Windows does not have at all is the matter of supervise check.
var windowsJudges = [...]func(Facts, Needs) Finding{windowsKernel, windowsUser, exporting, jobs, cpuRate, namedPipes}

// windowsKernel: Windows 10 1607 and Server 2016 are the oldest that this is made for.
func windowsKernel(f Facts, _ Needs) Finding {
	finding := Finding{Name: "kernel", Level: OK, Value: f.Machine + " " + f.Kernel}
	if !atLeast(f.Kernel, 10, 0) {
		finding.Level, finding.Cost = Limited, "supervise is made for Windows 10, Server 2016 and later."
		finding.Mend = "use a newer Windows"
	}
	return finding
}

func windowsUser(f Facts, _ Needs) Finding {
	if f.Elevated {
		return Finding{Name: "user", Level: OK, Value: "with the rights of administrators"}
	}
	return Finding{Name: "user", Level: Limited, Value: "without the rights of administrators",
		Cost: "supervise service install, uninstall, start and stop are refused.", Mend: "run those as an administrator"}
}

// windowsFinding is one of which only why is known; empty: it works.
func windowsFinding(name, why, cost, mend string) Finding {
	if why == "" {
		return Finding{Name: name, Level: OK, Value: "works"}
	}
	return Finding{Name: name, Level: Missing, Value: why, Cost: cost, Mend: mend}
}

func exporting(f Facts, _ Needs) Finding {
	finding := windowsFinding("duplicated sockets", f.Export, "The dialect systemfd gives no sockets; inherited handles are not concerned.", "look for what filters Winsock calls")
	if finding.Level == Missing {
		finding.Level = Limited
	}
	return finding
}

func jobs(f Facts, n Needs) Finding {
	return windowsFinding("job objects", f.Job, "No worker can be started: it would outlive supervise.", "run supervise outside of the job that forbids it").
		required(slices.Concat(n.Controllers["memory"], n.Controllers["pids"]))
}

func cpuRate(f Facts, n Needs) Finding {
	finding := windowsFinding("cpu_max", f.CPURate, "Services with cpu_max do not start.", "use Windows 8, Server 2012 or later, without Dynamic Fair Share Scheduling")
	if finding.Level == Missing {
		finding.Level = Limited
	}
	return finding.required(n.Controllers["cpu"])
}

func namedPipes(f Facts, _ Needs) Finding {
	return windowsFinding("named pipes", f.Pipe, "supervise cannot be spoken to, and workers cannot say that they are ready.", "look for what filters named pipes")
}
