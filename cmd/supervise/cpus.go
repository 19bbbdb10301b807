package main

import "runtime"

// cpus is ${cpus}: those that the scheduler and the cgroup leave to us, as GOMAXPROCS counts them.
func cpus() int { return runtime.GOMAXPROCS(0) }
