package adopt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// meter prints how many nanoseconds a system call takes: one that is asked about (bind, of another address) or an ordinary one.
const meter = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(0x7f000002)};
	int n = atoi(argv[2]), s = socket(AF_INET, SOCK_STREAM, 0);
	struct timespec from, to;
	bind(s, (struct sockaddr *)&a, sizeof a); // the first is reported
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < n; i++)
		if (strcmp(argv[1], "bind") == 0) bind(s, (struct sockaddr *)&a, sizeof a);
		else syscall(SYS_getppid);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f\n", ((to.tv_sec - from.tv_sec) * 1e9 + to.tv_nsec - from.tv_nsec) / n);
}`

func BenchmarkCall(b *testing.B) {
	dir := b.TempDir()
	source, program := filepath.Join(dir, "meter.c"), filepath.Join(dir, "meter")
	if err := os.WriteFile(source, []byte(meter), 0o644); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-O1", "-o", program, source).CombinedOutput(); err != nil {
		missing(b, fmt.Sprintf("gcc: %v: %s", err, out))
	}
	for _, c := range []struct {
		call     string
		filtered bool
	}{{"getppid", false}, {"getppid", true}, {"bind", false}, {"bind", true}} {
		b.Run(fmt.Sprintf("%s/filtered=%v", c.call, c.filtered), func(b *testing.B) {
			var nanoseconds float64
			if _, err := fmt.Sscan(measure(b, c.filtered, program, c.call, fmt.Sprint(max(b.N, 100))), &nanoseconds); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(nanoseconds, "ns/call")
		})
	}
}

// measure gives what the program prints.
func measure(b *testing.B, filtered bool, args ...string) string {
	if !filtered {
		out, err := exec.Command(args[0], args[1:]...).Output()
		if err != nil {
			b.Fatal(err)
		}
		return string(out)
	}
	model := openModel(b, "a", "generation", tcp4())
	ours, theirs, err := Pair()
	if err != nil {
		b.Fatal(err)
	}
	page, err := NewPage()
	if err != nil {
		b.Fatal(err)
	}
	closeAtEnd(b, ours, page)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "ADOPT_CHILD=stage", quickExit)
	cmd.ExtraFiles = []*os.File{file(b, theirs)}
	_ = theirs.Close()
	go serveMeasured(b, model, ours, page, make(chan Event, 10))
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	return string(out)
}

func serveMeasured(b *testing.B, model *fdpass.Socket, ours, page *fdpass.Descriptor, events chan<- Event) {
	notify, err := Receive(context.Background(), ours, func(*fdpass.Descriptor) error { return nil })
	if err == nil {
		defer notify.Close()
		err = Serve(context.Background(), Options{
			Notify: notify, Page: page, Listeners: []Listener{{"a", "generation"}}, Report: func(e Event) { events <- e },
			Sockets: &sockets{models: []*fdpass.Socket{model}, sharing: []string{"generation"}, members: make([][]*fdpass.Socket, 1)},
		})
	}
	if err != nil {
		b.Error(err)
	}
}
