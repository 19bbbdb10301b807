package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestServiceArguments(t *testing.T) {
	got := winService{name: "shop", log: `D:\log\shop.log`}.arguments(`C:\my shop\app.hcl`)
	want := []string{"service", "run", "--name", "shop", "--config", `C:\my shop\app.hcl`, "--log", `D:\log\shop.log`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPatience(t *testing.T) {
	with := func(timeouts ...time.Duration) *config.Config {
		var cfg config.Config
		for _, d := range timeouts {
			cfg.Services = append(cfg.Services, &config.Service{Stop: config.Stop{Timeout: d}})
		}
		return &cfg
	}
	for _, c := range []struct {
		cfg  *config.Config
		want time.Duration
	}{
		{with(), 10 * time.Second},
		{with(30*time.Second, time.Minute), 100 * time.Second},
		{with(time.Hour), 10 * time.Minute},
	} {
		if got := patience(c.cfg); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

func TestExplainSCM(t *testing.T) {
	for err, want := range map[error]string{
		windows.ERROR_ACCESS_DENIED:                              "access is denied (run this as an administrator)",
		fmt.Errorf("open: %w", windows.ERROR_SERVICE_NOT_ACTIVE): "it does not run",
		fmt.Errorf("something else."):                            "something else",
	} {
		if got := explainSCM(err).Error(); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestEnding(t *testing.T) {
	for _, c := range []struct {
		status svc.Status
		want   string
	}{
		{svc.Status{Win32ExitCode: uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR), ServiceSpecificExitCode: 3}, "exit code 3 (its log says why)"},
		{svc.Status{Win32ExitCode: 1067}, "error 1067 of Windows (its log says why)"},
	} {
		if got := ending(c.status); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// stub is a service control manager, and the supervise that it has started.
type stub struct {
	t        *testing.T
	requests chan svc.ChangeRequest
	tell     chan svc.Status
	scm      chan *scm
	end      chan int
	own      bool
	code     uint32
	over     chan struct{}
}

// inSCM calls f with a service that has just been started.
func inSCM(t *testing.T, f func(*stub)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{t: t, requests: make(chan svc.ChangeRequest), tell: make(chan svc.Status), scm: make(chan *scm, 1),
			end: make(chan int), over: make(chan struct{})}
		h := &handler{run: func(m *scm) int {
			s.scm <- m
			return <-s.end
		}}
		go func() {
			defer close(s.over)
			s.own, s.code = h.Execute([]string{"shop"}, s.requests, s.tell)
		}()
		f(s)
	})
}

// hears is what the service says next.
func (s *stub) hears(state svc.State, checkpoint uint32) svc.Status {
	s.t.Helper()
	got := <-s.tell
	if got.State != state || got.CheckPoint != checkpoint {
		s.t.Errorf("state %d, checkpoint %d; want %d, %d", got.State, got.CheckPoint, state, checkpoint)
	}
	return got
}

// ends ends supervise with a code and looks how the service tells it.
func (s *stub) ends(code int) {
	s.t.Helper()
	s.end <- code
	<-s.over
	if s.own != (code != 0) || s.code != uint32(code) {
		s.t.Errorf("ended with %d, own %v; want %d", s.code, s.own, code)
	}
}

func signalTo(m *scm) os.Signal {
	select {
	case sig := <-m.signals:
		return sig
	default:
		return nil
	}
}

func TestServiceLife(t *testing.T) {
	inSCM(t, func(s *stub) {
		if hint := s.hears(svc.StartPending, 1).WaitHint; hint != 20000 {
			t.Errorf("wait hint %d", hint)
		}
		s.hears(svc.StartPending, 2) // two seconds later
		m := <-s.scm
		m.up()
		if got := s.hears(svc.Running, 0).Accepts; got != svc.AcceptStop|svc.AcceptPreShutdown|svc.AcceptParamChange {
			t.Errorf("accepts %b", got)
		}
		s.requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
		s.hears(svc.Running, 0)
		s.requests <- svc.ChangeRequest{Cmd: svc.ParamChange}
		s.hears(svc.Running, 0)
		if got := signalTo(m); got != syscall.SIGHUP {
			t.Errorf("a change of parameters is %v", got)
		}
		s.requests <- svc.ChangeRequest{Cmd: svc.Stop}
		s.hears(svc.StopPending, 1)
		s.hears(svc.StopPending, 2)
		s.requests <- svc.ChangeRequest{Cmd: svc.PreShutdown}
		s.hears(svc.StopPending, 2)
		if first, second := signalTo(m), signalTo(m); first != syscall.SIGTERM || second != nil {
			t.Errorf("a stop and a shutdown are %v, %v", first, second)
		}
		s.ends(0)
	})
}

func TestServiceCannotStart(t *testing.T) {
	inSCM(t, func(s *stub) {
		s.hears(svc.StartPending, 1)
		<-s.scm
		s.ends(codeConfig)
	})
}

// TestServiceEnds: supervise can end by itself, or before it heard that it is to stop.
func TestServiceEnds(t *testing.T) {
	inSCM(t, func(s *stub) {
		s.hears(svc.StartPending, 1)
		(<-s.scm).up()
		s.hears(svc.Running, 0)
		s.ends(codeFailed)
	})
}
