package doctor

// watched are the capabilities that supervise has a use for, capabilities(7).
var watched = [...]struct {
	name   string
	number uint
}{
	{"CAP_KILL", 5}, {"CAP_SETGID", 6}, {"CAP_SETUID", 7}, {"CAP_NET_BIND_SERVICE", 10}, {"CAP_NET_ADMIN", 12}, {"CAP_SYS_PTRACE", 19},
	{"CAP_SYS_ADMIN", 21}, {"CAP_SYS_RESOURCE", 24}, {"CAP_BPF", 39},
}
