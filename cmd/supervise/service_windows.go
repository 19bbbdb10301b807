package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/seed-da40d5ac/supervise/config"
)

// restarts is when Windows starts a service that has failed again: the last of them for every further time, and the first anew after
// forgiven without a failure.
var restarts = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: time.Second},
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
}

const forgiven = 10 * time.Minute

// installService makes a service that runs this program with the file, from where both are now.
func (a *app) installService(s winService) error {
	cfg, err := config.Load(a.config, hostNow())
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find supervise itself: %w", err)
	}
	return withManager("install", s, func(m *mgr.Mgr) error {
		made, err := m.CreateService(s.name, program, mgr.Config{
			StartType: mgr.StartAutomatic, DisplayName: "supervise " + s.name, ServiceStartName: s.user,
			Description: "Keeps services running behind listening sockets that never close: " + fullPath(a.config),
		}, s.arguments(fullPath(a.config))...)
		if err != nil {
			return err
		}
		defer made.Close()
		for _, w := range harden(made, cfg) {
			fmt.Fprintln(a.err, a.paint(a.err).Warn(w))
		}
		fmt.Fprintf(a.out, "service %s installed; now: supervise service start --name %s\n", s.name, s.name)
		return nil
	})
}

// arguments is how Windows calls this program.
func (s winService) arguments(file string) []string {
	args := []string{"service", "run", "--name", s.name, "--config", file}
	if s.log != "" {
		args = append(args, "--log", fullPath(s.log))
	}
	return args
}

// harden sets what is no part of making a service. What fails is no reason not to have it, and is given as warnings.
func harden(s *mgr.Service, cfg *config.Config) (warnings []string) {
	note := func(what string, err error) {
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("cannot %s: %v", what, err))
		}
	}
	note("have Windows start the service again when it fails", s.SetRecoveryActions(restarts, uint32(forgiven/time.Second)))
	note("have Windows start the service again when it ends with an error", s.SetRecoveryActionsOnNonCrashFailures(true))
	note("have Windows wait for workers when the machine stops", waitAtShutdown(s, patience(cfg)))
	return warnings
}

// patience is how long a stop can take: all services one after the other, and a while for supervise itself.
func patience(cfg *config.Config) time.Duration {
	longest := 10 * time.Second
	for _, s := range cfg.Services {
		longest += s.Stop.Timeout
	}
	return min(longest, 10*time.Minute)
}

// waitAtShutdown sets SERVICE_PRESHUTDOWN_INFO, whose only member is a time in milliseconds.
func waitAtShutdown(s *mgr.Service, d time.Duration) error {
	info := uint32(d / time.Millisecond)
	return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO, (*byte)(unsafe.Pointer(&info)))
}

func (a *app) uninstallService(s winService) error {
	return withService("uninstall", s, func(ctx context.Context, w *mgr.Service) error {
		if err := stopAndWait(ctx, w); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return err
		}
		return w.Delete()
	})
}

func (a *app) startService(s winService) error {
	return withService("start", s, func(ctx context.Context, w *mgr.Service) error {
		if err := w.Start(); err != nil {
			return err
		}
		status, err := await(ctx, w, svc.StartPending)
		if err == nil && status.State != svc.Running {
			err = fmt.Errorf(`it ended with %s; without --log that is %%ProgramData%%\supervise\log\%s.log, or in %%LOCALAPPDATA%% of its account`, ending(status), s.name)
		}
		return err
	})
}

// ending is how a service has ended, in words: its own exit codes are those of supervise.
func ending(s svc.Status) string {
	if s.Win32ExitCode == uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR) {
		return fmt.Sprintf("exit code %d (its log says why)", s.ServiceSpecificExitCode)
	}
	return fmt.Sprintf("error %d of Windows (its log says why)", s.Win32ExitCode)
}

func (a *app) stopService(s winService) error { return withService("stop", s, stopAndWait) }

// stopAndWait lets a service that starts come up first: until then it takes no controls.
func stopAndWait(ctx context.Context, w *mgr.Service) error {
	if _, err := await(ctx, w, svc.StartPending); err != nil {
		return err
	}
	if _, err := w.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL) { // it is stopping already
		return err
	}
	_, err := await(ctx, w, svc.Running, svc.StopPending)
	return err
}

// askEvery is how often a service is asked for its state: there is no call that waits for it on all systems.
const askEvery = 50 * time.Millisecond

// await returns when the service is in none of these states any more. It gives up with ctx only: how long a service may take to drain is
// a matter of its configuration.
func await(ctx context.Context, w *mgr.Service, states ...svc.State) (svc.Status, error) {
	clock := time.NewTicker(askEvery)
	defer clock.Stop()
	for {
		status, err := w.Query()
		if err != nil || !among(states, status.State) {
			return status, err
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return status, fmt.Errorf("%w: what was begun goes on without you (watch it with: sc query)", errInterrupted)
		}
	}
}

func among(states []svc.State, state svc.State) bool {
	for _, s := range states {
		if s == state {
			return true
		}
	}
	return false
}

// withService does something to a service that is there; ctx ends with Ctrl-C.
func withService(verb string, s winService, do func(context.Context, *mgr.Service) error) error {
	return withManager(verb, s, func(m *mgr.Mgr) error {
		w, err := m.OpenService(s.name)
		if err != nil {
			return err
		}
		defer w.Close()
		ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
		defer cancel()
		return do(ctx, w)
	})
}

func withManager(verb string, s winService, do func(*mgr.Mgr) error) error {
	m, err := mgr.Connect()
	if err == nil {
		defer m.Disconnect()
		err = do(m)
	}
	if err != nil {
		return fmt.Errorf("cannot %s service %q: %w", verb, s.name, explainSCM(err))
	}
	return nil
}

// explainSCM says what to do; the numbers are those of CreateService, OpenService, StartService and ControlService.
func explainSCM(err error) error {
	for number, text := range map[windows.Errno]string{
		windows.ERROR_ACCESS_DENIED:             "access is denied (run this as an administrator)",
		windows.ERROR_SERVICE_EXISTS:            "there is one of this name (remove it: supervise service uninstall)",
		windows.ERROR_DUPLICATE_SERVICE_NAME:    "another one is shown under this name (choose another --name)",
		windows.ERROR_SERVICE_DOES_NOT_EXIST:    "there is no such service (make it: supervise service install)",
		windows.ERROR_SERVICE_ALREADY_RUNNING:   "it runs already",
		windows.ERROR_SERVICE_NOT_ACTIVE:        "it does not run",
		windows.ERROR_SERVICE_DISABLED:          "it is disabled (sc config NAME start= auto)",
		windows.ERROR_SERVICE_MARKED_FOR_DELETE: "it is being removed (close the programs that look at it, like services.msc)",
		windows.ERROR_SERVICE_REQUEST_TIMEOUT:   "it did not answer in time (its log says why)",
		windows.ERROR_SERVICE_LOGON_FAILED:      "its account cannot log on as a service (sc config NAME obj= ACCOUNT password= PASSWORD)",
		windows.ERROR_INVALID_SERVICE_ACCOUNT:   "its account does not exist or needs a password (sc config NAME obj= ACCOUNT password= PASSWORD)",
	} {
		if errors.Is(err, number) {
			return errors.New(text)
		}
	}
	return errors.New(strings.TrimSuffix(err.Error(), "."))
}
