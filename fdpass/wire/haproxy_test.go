//go:build linux

package wire

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// haproxyConfig gives one frontend with these bind lines, which answers every request by itself.
func haproxyConfig(t *testing.T, global string, binds ...string) string {
	t.Helper()
	text := "global\n maxconn 100\n " + global + "\ndefaults\n mode http\n timeout client 10s\n timeout connect 10s\n timeout server 10s\nfrontend f\n"
	for _, b := range binds {
		text += " bind " + b + "\n"
	}
	text += " http-request return status 200 content-type text/plain string served\n"
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bindLine writes an address as HAProxy wants it.
func bindLine(a fdpass.Address) string {
	line := fmt.Sprintf("%s:%d", a.Host, a.Port)
	switch {
	case a.Network == "tcp" && strings.Contains(a.Host, ":"):
		line += " v4v6"
	case a.Network == "tcp6":
		line += " v6only" // HAProxy compares it, also for an address that is no wildcard
	}
	return line
}

// served sends one request and waits for the answer, however long the program takes to begin: the socket listens.
func served(t *testing.T, by *process, a fdpass.Address) {
	t.Helper()
	host := map[string]string{"::": "[::1]", "::1": "[::1]", "0.0.0.0": "127.0.0.1"}[a.Host]
	if host == "" {
		host = a.Host
	}
	request, err := http.NewRequestWithContext(by.alive, "GET", fmt.Sprintf("http://%s:%d/", host, a.Port), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); string(body) != "served" || err != nil {
		t.Fatalf("%s answered %q %v", a, body, err)
	}
}

// TestProcHAProxyTakesOurs: an unmodified haproxy -x serves on exactly our sockets.
func TestProcHAProxyTakesOurs(t *testing.T) {
	lo := fdpass.Spec{Name: "lo", Address: fdpass.Address{Network: "tcp4", Host: "127.0.0.1"}, UID: -1, GID: -1,
		Options: fdpass.Options{BindDevice: "lo"}}
	sockets := []*fdpass.Socket{
		listener(t, "tcp4", "127.0.0.1"), listener(t, "tcp6", "::1"), listener(t, "tcp", ""), listener(t, "tcp4", "0.0.0.0"), opened(t, lo),
	}
	var list []fdpass.Named
	var binds []string
	for i, s := range sockets {
		list = append(list, named(t, fmt.Sprint("l", i), s))
		binds = append(binds, bindLine(s.Address()))
	}
	binds[4] += " interface lo"
	path, ends := at(t, "haproxy", newShelf(t, list...))
	haproxy := daemon(t, "haproxy", "haproxy", "-db", "-x", path, "-f", haproxyConfig(t, "", binds...))
	for i, s := range sockets {
		served(t, haproxy, s.Address())
		if !has(t, haproxy.pid, s) {
			t.Errorf("listener %d (%s) was opened anew", i, s.Address())
		}
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
}

// TestProcHAProxyTakesMany: more than go in one message.
func TestProcHAProxyTakesMany(t *testing.T) {
	var sockets []*fdpass.Socket
	var list []fdpass.Named
	var binds []string
	for i := range haproxyBatch + 3 {
		s := listener(t, "tcp4", "127.0.0.1")
		sockets, list, binds = append(sockets, s), append(list, named(t, fmt.Sprint("l", i), s)), append(binds, bindLine(s.Address()))
	}
	path, ends := at(t, "haproxy", newShelf(t, list...))
	haproxy := daemon(t, "haproxy", "haproxy", "-db", "-x", path, "-f", haproxyConfig(t, "", binds...))
	served(t, haproxy, sockets[0].Address())
	for _, s := range sockets {
		if !has(t, haproxy.pid, s) {
			t.Fatalf("%s was opened anew", s.Address())
		}
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
}

// TestProcHAProxyMaster: in master-worker mode it is the master that asks; its workers inherit.
func TestProcHAProxyMaster(t *testing.T) {
	web := listener(t, "tcp4", "127.0.0.1")
	path, ends := at(t, "haproxy", newShelf(t, named(t, "web", web)))
	haproxy := daemon(t, "haproxy", "haproxy", "-W", "-x", path, "-f", haproxyConfig(t, "", bindLine(web.Address())))
	served(t, haproxy, web.Address())
	if err := <-ends; err != nil {
		t.Error(err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", haproxy.pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, child := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(child)
		if err != nil || !has(t, pid, web) {
			t.Errorf("worker %s opened it anew", child)
		}
	}
}

// TestProcHAProxyFindsNothing: it goes on and opens its own.
func TestProcHAProxyFindsNothing(t *testing.T) {
	free := listener(t, "tcp4", "127.0.0.1")
	bind := bindLine(free.Address())
	free.Close()
	path, ends := at(t, "haproxy", newShelf(t))
	daemon(t, "haproxy", "haproxy", "-db", "-x", path, "-f", haproxyConfig(t, "", bind))
	if err := <-ends; err != nil {
		t.Error(err)
	}
}

// TestProcFetchHAProxy: a live one gives its sockets and serves on.
func TestProcFetchHAProxy(t *testing.T) {
	dir := t.TempDir()
	control := filepath.Join(dir, "stats.sock")
	first := listener(t, "tcp4", "127.0.0.1")
	second := listener(t, "tcp", "")
	path, ends := at(t, "haproxy", newShelf(t, named(t, "a", first), named(t, "b", second)))
	haproxy := daemon(t, "haproxy", "haproxy", "-db", "-x", path, "-f",
		haproxyConfig(t, "stats socket "+control+" mode 600 level admin expose-fd listeners", bindLine(first.Address()), bindLine(second.Address())))
	served(t, haproxy, first.Address()) // its stats socket is there then
	if err := <-ends; err != nil {
		t.Error(err)
	}
	list, err := FetchHAProxy(t.Context(), control)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*fdpass.Socket{first, second} {
		at := slices.IndexFunc(list, func(n fdpass.Named) bool { return n.Name == s.Address().String() })
		if at < 0 || inode(t, list[at].Descriptor) != inode(t, s.Descriptor()) {
			t.Errorf("%s is not among %v", s.Address(), list)
		}
		served(t, haproxy, s.Address())
		if !has(t, haproxy.pid, s) {
			t.Error("HAProxy gave its socket up")
		}
	}
	closeAll(list)
}
