package main

import (
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// withoutOuter removes what an outer service manager told us, and nobody else: a worker that found our NOTIFY_SOCKET would speak
// in our name.
func withoutOuter(environ []string) []string {
	mine := []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(mine, name)
	})
}

// tell sends to the outer service manager, sd_notify(3). Without one it is nothing, and an error has nobody to go to.
func tell(lines ...string) { _, _ = daemon.SdNotify(false, strings.Join(lines, "\n")) }

// tellOuter says READY=1 when every service has been ready, and answers the watchdog if there is one. The function it gives ends
// that.
func (i *instance) tellOuter() func() {
	done := make(chan struct{})
	go func() {
		select {
		case <-i.Started():
			tell(daemon.SdNotifyReady, "STATUS=all services have been ready")
		case <-done:
		}
	}()
	if interval, err := daemon.SdWatchdogEnabled(false); err == nil && interval > 0 {
		go i.feedWatchdog(interval/2, done)
	}
	return func() { close(done) }
}

// feedWatchdog is only heard of as long as the Manager answers.
func (i *instance) feedWatchdog(every time.Duration, done <-chan struct{}) {
	clock := time.NewTicker(every)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			i.answering(func() { tell(daemon.SdNotifyWatchdog) })
		case <-done:
			return
		}
	}
}

func tellStopping() { tell(daemon.SdNotifyStopping, "STATUS=stopping") }

// tellReloading says that a reload begins; the function it gives says that it has ended.
func tellReloading() func() {
	tell(daemon.SdNotifyReloading, monotonic())
	return func() { tell(daemon.SdNotifyReady) }
}
