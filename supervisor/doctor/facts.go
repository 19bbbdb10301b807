package doctor

// Facts are what was found out. A text that says why something does not work is empty when it works.
type Facts struct {
	Machine string // GOOS/GOARCH
	Kernel  string // release, uname(2)
	UID     int
	// Namespace is whether this is a user namespace other than the machine's own.
	Namespace    bool
	Capabilities []string // effective ones, "CAP_BPF"; those that matter here

	Adopt      string // what adopting needs, all in all
	Notify     string // a call is answered by seccomp_unotify(2), also with a descriptor, and signals do not disturb it
	GetFD      string // pidfd_getfd(2) on a process of the same user
	ReadMemory string // process_vm_readv(2) likewise

	Extended, Classic, Migrate string // steering

	Group       string            // why there is no control group; empty: there is one
	Controllers map[string]string // cpu, memory, pids: why not

	Elevated bool   // Windows: this process may do what administrators may
	Export   string // WSADuplicateSocket for a process of the same user
	Job      string // a job object with which its processes end, and that bounds memory and processes
	CPURate  string // a job object that bounds processor time
	Pipe     string // a named pipe for those whom control lets in

	Sysctl          map[string]string // by name with dots; only what the kernel has
	NoFile          Limit
	MemoryLock      Limit
	HideProc        string // the value of hidepid of /proc; "" when everybody sees everything
	NoNewPrivileges bool
	MissingAnswer   string // the probe could not be made, or died: nothing else is known
}

// Limit is a resource limit; ^uint64(0) is none.
type Limit struct{ Soft, Hard uint64 }

func (f Facts) can(capability string) bool {
	for _, c := range f.Capabilities {
		if c == capability {
			return true
		}
	}
	return false
}
