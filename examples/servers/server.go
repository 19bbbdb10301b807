//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// server is one row of the table.
type server struct {
	name     string // and of its folder, and of its service
	programs []string
	install  string // Debian's packages; "" when it is built from gosrv, the module beside this file
	handoff  string // how the listener reaches it, for the table
	port     int    // the one that is written in its folder
	keeps    bool   // loses nothing
	fastCGI  bool   // speaks FastCGI, not HTTP
	note     string // what one has to know about its drain, for the table
}

// missing says what to install; "" when everything is there.
func (s server) missing() string {
	absent := func(p string) bool { _, err := exec.LookPath(p); return err != nil }
	if !slices.ContainsFunc(s.programs, absent) {
		return ""
	}
	if s.install == "" {
		return "needs " + strings.Join(s.programs, ", ")
	}
	return fmt.Sprintf("is not installed (apt-get install --no-install-recommends %s)", s.install)
}

// choose gives the servers with these names, all without names.
func choose(names []string) ([]server, error) {
	if len(names) == 0 {
		return servers, nil
	}
	var list []server
	for _, name := range names {
		i := slices.IndexFunc(servers, func(s server) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("cannot measure %q: there is no such server (there are %s)", name, strings.Join(known(), ", "))
		}
		list = append(list, servers[i])
	}
	return list, nil
}

func known() []string {
	var names []string
	for _, s := range servers {
		names = append(names, s.name)
	}
	return names
}
