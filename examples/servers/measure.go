//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// options are those of a drill.
type options struct{ restarts, clients, connections int }

// row is what was measured.
type row struct {
	server server
	drill.Result
	repaired bool // the server changed the backlog, supervise put it back
}

// measure runs a server in dir, checks it, rolls it out under load and checks it again.
func (t tools) measure(ctx context.Context, s server, o options, dir string) (row, error) {
	site, err := t.open(ctx, s, dir)
	if err != nil {
		return row{server: s}, err
	}
	result, err := site.try(ctx, s, o)
	if closing := site.Close(); err == nil {
		err = closing
	}
	said := site.log.String()
	if err == nil && strings.Contains(said, "worker killed: ") {
		err = errors.New("a worker did not end on its stop signal and was killed")
	}
	if err != nil {
		err = fmt.Errorf("%w; supervise said\n%s", err, tail(said))
	}
	return row{s, result, strings.Contains(said, "worker changed the backlog of a listener, put back")}, err
}

// try is what is done with a server that is ready.
func (s *site) try(ctx context.Context, srv server, o options) (result drill.Result, err error) {
	if err := s.check(ctx, srv.name); err != nil {
		return result, fmt.Errorf("after the start: %w", err)
	}
	if result, err = s.drill(ctx, srv, o); err != nil {
		return result, err
	}
	if result.Lost() > 0 {
		result.Failed = append(result.Failed, s.deaths(ctx)...)
	}
	if err := s.check(ctx, srv.name); err != nil {
		return result, fmt.Errorf("after %d rollouts: %w", o.restarts, err)
	}
	return result, nil
}

// deaths tells of the workers that did not end by themselves: one that does not heed its stop signal yet dies of it, with what it
// has accepted.
func (s *site) deaths(ctx context.Context) (list []string) {
	err := s.client.Events(ctx, false, func(e supervisor.Event) error {
		if e.Kind == supervisor.KindWorkerExited && !strings.HasSuffix(e.Message, "status 0") {
			list = append(list, fmt.Sprintf("generation %d: %s", e.Generation, e.Message))
		}
		return nil
	})
	if err != nil {
		list = append(list, err.Error())
	}
	return list
}

// tail is the end of a long text.
func tail(text string) string { return text[max(0, len(text)-4000):] }

func (s *site) drill(ctx context.Context, srv server, o options) (drill.Result, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
	if srv.fastCGI {
		gateway := httptest.NewServer(gateway{address})
		defer gateway.Close()
		address = gateway.Listener.Addr().String()
	}
	return drill.Run(ctx, drill.Options{
		Targets: []drill.Target{{Network: "tcp", Address: address}}, HTTP: "/",
		Clients: o.clients, Restarts: o.restarts, Connections: o.connections, Timeout: patience,
		Restart: func(ctx context.Context, _ int) error { return s.client.Restart(ctx, srv.name, nil) },
	})
}

// check is what must be true whenever the server serves.
func (s *site) check(ctx context.Context, service string) error {
	status, err := s.client.Status(ctx, nil)
	if err != nil {
		return err
	}
	for _, l := range status.Listeners {
		if l.Backlog.Effective != l.Backlog.Configured {
			return fmt.Errorf("the backlog of listener %q is %d in place of %d", l.Name, l.Backlog.Effective, l.Backlog.Configured)
		}
	}
	i := slices.IndexFunc(status.Services, func(svc supervisor.ServiceStatus) bool { return svc.Name == service })
	if i < 0 || status.Services[i].State != "running" {
		return fmt.Errorf("service %q is not running: %+v", service, status.Services)
	}
	return s.checkSocket(status.KeeperPID, status.Services[i])
}

// checkSocket wants one listening socket on the port, held by the keeper and by a process of every worker.
func (s *site) checkSocket(keeper int, service supervisor.ServiceStatus) error {
	inodes, err := listeners(s.port)
	if err != nil {
		return err
	}
	if len(inodes) != 1 {
		return fmt.Errorf("%d sockets listen on port %d: the server has opened one of its own", len(inodes), s.port)
	}
	if !holds(keeper, inodes[0]) {
		return fmt.Errorf("the socket that listens on port %d is not the one of supervise", s.port)
	}
	for _, w := range service.Workers {
		if !slices.ContainsFunc(family(w.PID), func(pid int) bool { return holds(pid, inodes[0]) }) {
			return fmt.Errorf("no process of worker %d (pid %d) has the socket", w.Index, w.PID)
		}
	}
	return nil
}
