package worker

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/windows"
)

// asked is done when the process is asked to stop: by the event STOP_EVENT, Ctrl-C or Ctrl-Break. Without the event, also by what Go makes
// SIGTERM of: with one, supervise decides, and a process below a service is told of each user who logs off (HandlerRoutine).
func asked(parent context.Context) (context.Context, context.CancelFunc) {
	event := openStop()
	if event == 0 {
		return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	}
	ctx, forget := signal.NotifyContext(parent, os.Interrupt)
	unheard(syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		if awaitStop(ctx, event) {
			unheard(os.Interrupt)
			cancel()
		}
	}()
	return ctx, forget
}

// unheard has sig do nothing. Nobody reads the channel: one that is full drops. Without it, or with signal.Ignore, Windows ends the process.
func unheard(sig os.Signal) { signal.Notify(make(chan os.Signal, 1), sig) }

// openStop gives the event, or 0 where there is none. Who sets it sees that it is open, and sends no Ctrl-Break then.
func openStop() windows.Handle {
	value := os.Getenv("STOP_EVENT")
	if value == "" {
		return 0
	}
	name, err := windows.UTF16PtrFromString(value)
	if err != nil {
		return 0
	}
	event, err := windows.OpenEvent(windows.SYNCHRONIZE, false, name)
	if err != nil {
		return 0
	}
	return event
}

// awaitStop closes the event when that is set, or when ctx is done. A thread waits meanwhile.
func awaitStop(ctx context.Context, event windows.Handle) (stopped bool) {
	over, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		_ = windows.CloseHandle(event)
		return false
	}
	defer windows.CloseHandle(event)
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(set)
		_ = windows.SetEvent(over)
	})
	at, err := windows.WaitForMultipleObjects([]windows.Handle{event, over}, false, windows.INFINITE)
	if !stop() {
		<-set
	}
	_ = windows.CloseHandle(over)
	return err == nil && at == windows.WAIT_OBJECT_0
}
