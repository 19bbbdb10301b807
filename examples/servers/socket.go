//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listening is the state of a listening socket in /proc/net/tcp, proc_net_tcp(5).
const listening = "0A"

// listeners are the inodes of the TCP sockets that listen on a port, of every address and both families.
func listeners(port int) ([]string, error) {
	var list []string
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return nil, err
		}
		found, err := listenersIn(bufio.NewScanner(f), port)
		f.Close()
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// listenersIn reads a table. Its columns are sl, local address, remote address, state, queues, timer, retransmits, uid, timeout,
// inode. The kernel lists the sockets that listen first (tcp_seq_start in net/ipv4/tcp_ipv4.c); after load there are some
// hundred thousand others, which take it seconds.
func listenersIn(lines *bufio.Scanner, port int) ([]string, error) {
	var list []string
	suffix := fmt.Sprintf(":%04X", port)
	for title := true; lines.Scan(); title = false {
		columns := strings.Fields(lines.Text())
		switch {
		case title:
		case len(columns) < 10 || columns[3] != listening:
			return list, nil
		case strings.HasSuffix(columns[1], suffix):
			list = append(list, columns[9])
		}
	}
	return list, lines.Err()
}

// holds is whether a process has a descriptor of the socket.
func holds(pid int, inode string) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		link, _ := os.Readlink(filepath.Join(dir, e.Name()))
		return link == "socket:["+inode+"]"
	})
}

// family is a process and all that descend from it.
func family(pid int) []int {
	list := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, family(child)...)
			}
		}
	}
	return list
}
