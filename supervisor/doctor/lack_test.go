package doctor

import (
	"slices"
	"strings"
	"testing"
)

// without takes capabilities away.
func without(names ...string) func(*Facts) {
	return func(f *Facts) {
		f.Capabilities = slices.DeleteFunc(f.Capabilities, func(c string) bool { return slices.Contains(names, c) })
	}
}

// sysctl sets one.
func sysctl(name, value string) func(*Facts) {
	return func(f *Facts) { f.Sysctl[name] = value }
}

// TestOneLack changes one thing of a machine on which all is well: one finding changes.
func TestOneLack(t *testing.T) {
	tests := []struct {
		change func(*Facts)
		name   string
		level  Level
		mend   string
	}{
		{func(f *Facts) { f.Kernel = "5.15.0" }, "kernel", Limited, "newer kernel"},
		{func(f *Facts) { f.Namespace = true }, "user", Limited, "outside"},
		{without("CAP_NET_BIND_SERVICE"), "low ports", Limited, "ip_unprivileged_port_start=0"},
		{without("CAP_SETUID"), "other users", Limited, "CAP_SETUID"},
		{without("CAP_SETGID"), "other users", Limited, "CAP_SETGID"},
		{without("CAP_NET_ADMIN"), "CAP_NET_ADMIN", Limited, "CAP_NET_ADMIN"},
		{without("CAP_SYS_RESOURCE"), "CAP_SYS_RESOURCE", Limited, "CAP_SYS_RESOURCE"},
		{without("CAP_SYS_PTRACE"), "adopting", Limited, "CAP_SYS_PTRACE"},
		{without("CAP_KILL"), "", OK, ""},
		{func(f *Facts) { f.Notify = "no" }, "seccomp notification", Missing, "Linux 5.19"},
		{func(f *Facts) { f.GetFD = "no" }, "pidfd_getfd", Missing, "CAP_SYS_PTRACE"},
		{func(f *Facts) { f.ReadMemory = "no" }, "process_vm_readv", Missing, "CAP_SYS_PTRACE"},
		{func(f *Facts) { f.Adopt = "no (do this)" }, "adopting", Missing, "do this"},
		{func(f *Facts) { f.Extended = "no" }, "", OK, ""}, // classic with tcp_migrate_req
		{func(f *Facts) { f.Extended, f.Classic = "no", "no" }, "steering", Missing, "Linux 4.5"},
		{func(f *Facts) { f.Migrate = "no" }, "waiting connections", Limited, "tcp_migrate_req=1"},
		{sysctl("net.ipv4.tcp_migrate_req", "0"), "", OK, ""}, // eBPF does it
		{func(f *Facts) { f.Group = "no" }, "control groups", Limited, "systemd-run --user --scope"},
		{func(f *Facts) { f.Controllers["pids"] = "no (pass it on)" }, "controller pids", Limited, "pass it on"},
		{sysctl("net.core.somaxconn", "128"), "backlog", Limited, "net.core.somaxconn=4096"},
		{sysctl("net.core.somaxconn", "65535"), "", OK, ""},
		{sysctl("net.ipv4.tcp_syncookies", "0"), "SYN cookies", Limited, "tcp_syncookies=1"},
		{sysctl("net.ipv4.tcp_max_syn_backlog", "10"), "", OK, ""}, // there are cookies
		{sysctl("net.ipv4.ip_local_port_range", "50000 50100"), "ephemeral ports", Limited, "ip_local_port_range"},
		{sysctl("net.ipv4.ip_local_port_range", "strange"), "", OK, ""},
		{sysctl("net.ipv4.tcp_fastopen", "1"), "TCP fast open", Limited, "tcp_fastopen=3"},
		{sysctl("net.ipv4.ip_unprivileged_port_start", "0"), "", OK, ""},
		{func(f *Facts) { f.NoFile.Hard = 4096 }, "open files", Limited, "LimitNOFILE"},
		{func(f *Facts) { f.NoFile.Hard = ^uint64(0) }, "", OK, ""},
		{sysctl("fs.pipe-user-pages-soft", "10"), "", OK, ""}, // not for whoever has CAP_SYS_RESOURCE
		{func(f *Facts) { f.HideProc = "2" }, "", OK, ""},     // not for whoever has CAP_SYS_PTRACE
	}
	for _, tt := range tests {
		var bad []Finding
		for _, f := range Judge(with(tt.change), Needs{}) {
			if f.Level != OK {
				bad = append(bad, f)
			}
		}
		switch {
		case tt.name == "" && len(bad) == 0:
		case len(bad) != 1 || bad[0].Name != tt.name || bad[0].Level != tt.level || !strings.Contains(bad[0].Mend, tt.mend):
			t.Errorf("%s %s (%s) expected, got %+v", tt.level, tt.name, tt.mend, bad)
		}
	}
}

// TestNeeded has one thing lack that a configuration needs.
func TestNeeded(t *testing.T) {
	who := []string{`service "app" (app.hcl:1)`}
	tests := []struct {
		change func(*Facts)
		needs  Needs
		failed bool
	}{
		{without("CAP_SETUID"), Needs{Users: who}, true},
		{without("CAP_SETUID"), Needs{Adopt: who}, false},
		{without("CAP_NET_BIND_SERVICE"), Needs{Ports: []Amount[int]{{1023, who[0]}}}, true},
		{without("CAP_NET_BIND_SERVICE"), Needs{Ports: []Amount[int]{{1024, who[0]}}}, false},
		{without("CAP_SYS_PTRACE"), Needs{Adopt: who}, false},
		{without("CAP_SYS_PTRACE"), Needs{Adopt: who, AdoptUsers: who}, true},
		{func(f *Facts) { f.Extended, f.Migrate = "no", "no" }, Needs{Steer: who}, false},
		{func(f *Facts) { f.Extended, f.Classic = "no", "no" }, Needs{Steer: who}, true},
		{func(f *Facts) { f.Group = "no" }, Needs{}, false},
		{func(f *Facts) { f.Group = "no" }, Needs{Controllers: map[string][]string{"cpu": who}}, true},
		{func(f *Facts) { f.Controllers["cpu"] = "no" }, Needs{Controllers: map[string][]string{"memory": who}}, false},
		{func(f *Facts) { f.Controllers["cpu"] = "no" }, Needs{Controllers: map[string][]string{"cpu": who}}, true},
		{sysctl("net.core.somaxconn", "100"), Needs{Backlogs: []Amount[int]{{1000, who[0]}}}, false}, // it works, cut
		{sysctl("net.ipv4.tcp_fastopen", "1"), Needs{FastOpen: who}, true},
		{without("CAP_SYS_RESOURCE"), Needs{NoFiles: []Amount[uint64]{{1 << 20, who[0]}}}, false},
		{func(f *Facts) { f.NoFile.Hard = 5000 }, Needs{NoFiles: []Amount[uint64]{{6000, who[0]}}}, false}, // it can be raised
		{func(f *Facts) { f.NoFile.Hard = 5000; without("CAP_SYS_RESOURCE")(f) }, Needs{NoFiles: []Amount[uint64]{{6000, who[0]}}}, true},
	}
	for i, tt := range tests {
		if got := Failed(Judge(with(tt.change), tt.needs)); got != tt.failed {
			t.Errorf("%d: failed %v, expected %v, with %+v", i, got, tt.failed, tt.needs)
		}
	}
}

func FuzzReserved(f *testing.F) {
	for _, seed := range []string{"", "80", "1-2,3", "9-", "-9", ",,", "99999999999999999999"} {
		f.Add(seed, 80)
	}
	f.Fuzz(func(t *testing.T, text string, port int) { reserved(text)(port) })
}

func FuzzAdvice(f *testing.F) {
	for _, seed := range []string{"", "a (b)", " ()", " (", "(a)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if reason, mend := advice(text); len(reason)+len(mend) > len(text) {
			t.Errorf("%q: %q and %q", text, reason, mend)
		}
	})
}
