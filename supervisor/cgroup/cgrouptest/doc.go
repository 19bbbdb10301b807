// Package cgrouptest runs tests where control groups of version 2 can be had, whatever the machine has:
//
//	Container   the tests are in a group, with namespaces of their own for groups and mounts; controllers as the machine leaves them
//	Machine     the tests are the only processes of another kernel (User-mode Linux), with the controllers cpu, memory and pids
//
// TestMain calls Main first; tests that are to be run inside ask Inside.
package cgrouptest
