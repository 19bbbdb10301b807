package main

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// withoutOuter removes what an outer service manager told us, and nobody else: a worker that found our NOTIFY_SOCKET would speak
// in our name.
func withoutOuter(environ []string) []string {
	mine := []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"}
	if runtime.GOOS == "windows" {
		mine = append(mine, "STOP_EVENT")
	}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(mine, name)
	})
}

// environment is that of this process without what was meant for it alone.
func environment() []string { return withoutOuter(os.Environ()) }

// tell sends to the outer service manager, sd_notify(3): from the process that it has started, for it listens to no other. Without
// one it is nothing. An error has nobody to go to but the log.
func (i *instance) tell(lines ...string) {
	state := strings.Join(lines, "\n")
	var err error
	if i.session != nil {
		err = i.session.client.Notify(state, nil)
	} else {
		err = tellDirectly(state)
	}
	if err != nil {
		i.log.Debug("service manager not told", "error", err)
	}
}

// tellOuter says READY=1 when every service has been ready, and answers the watchdog if there is one. The function it gives ends
// that.
func (i *instance) tellOuter() func() {
	done := make(chan struct{})
	go func() {
		select {
		case <-i.Started():
			i.tell("READY=1", "STATUS=all services have been ready")
		case <-done:
		}
	}()
	if interval := i.watchdog(); interval > 0 {
		go i.feedWatchdog(interval/2, done)
	}
	return func() { close(done) }
}

// watchdog is how often the outer service manager wants to hear from us; 0 is never.
func (i *instance) watchdog() time.Duration {
	if i.session != nil {
		return i.session.welcome.Watchdog
	}
	return directWatchdog()
}

// feedWatchdog is only heard of as long as the Manager answers.
func (i *instance) feedWatchdog(every time.Duration, done <-chan struct{}) {
	clock := time.NewTicker(every)
	defer clock.Stop()
	for {
		i.answering(func() { i.tell("WATCHDOG=1") })
		select {
		case <-clock.C:
		case <-done:
			return
		}
	}
}

func (i *instance) tellStopping() { i.tell("STOPPING=1", "STATUS=stopping") }

// tellReloading says that a reload begins; the function it gives says that it has ended.
func (i *instance) tellReloading() func() {
	i.tell("RELOADING=1", monotonic())
	return func() { i.tell("READY=1") }
}

// underSystemd is whether the outer service manager may have a store for descriptors. systemd names it from version 254 on (FDSTORE);
// one before gives every service an INVOCATION_ID.
func underSystemd() bool {
	return os.Getenv("NOTIFY_SOCKET") != "" && (os.Getenv("FDSTORE") != "" || os.Getenv("INVOCATION_ID") != "")
}

// store puts a listener into the store of the outer service manager, sd_pid_notify_with_fds(3): from there it comes back as
// LISTEN_FDS when supervise is started again, with all that waits in its queue. FDPOLL=0 keeps one that was shut down.
func (i *instance) store(name string, d *fdpass.Descriptor) {
	if err := i.session.client.Notify("FDSTORE=1\nFDNAME="+name+"\nFDPOLL=0", d); err != nil {
		i.log.Warn("listener not put into the service manager's store", "listener", name, "error", err)
	}
}

// unstore takes it out again.
func (i *instance) unstore(name string) { i.tell("FDSTOREREMOVE=1\nFDNAME=" + name) }
