// Package cgroup puts the processes of each worker into a control group of version 2 (cgroups(7)), where the machine lets
// it: what is born in a group stays in it, whatever it forks, forgets or renames, and the kernel limits and kills it as a whole.
//
// # Where
//
//	PLACE                    the group that was given to supervise: Find
//	├─ supervise             keeper and manager; only once controllers are passed on
//	└─ supervise-NAME-HASH   one running supervise: Place.Open. Its descriptor is locked (flock(2)) while the keeper lives
//	   ├─ app.1.0            one worker: Instance.Make. The keeper forks into it (CLONE_INTO_CGROUP, clone(2))
//	   └─ app.1.1
//
// A group has one owner who may make others in it (the kernel's cgroup-v2.rst, "Delegation"). Supervise takes a group for its own
// when systemd says so (Delegate=yes sets the attribute user.delegate or trusted.delegate), when an ordinary user was given it by
// chown(1), or when no systemd is there that would disagree, as in most containers. Any other group is left alone.
//
// A group whose controllers are passed on to the groups in it may have no processes itself, unless it is the root of all. So only where
// a limit asks for a controller, supervise's own processes move to a group of their own; a process of somebody else is never moved.
package cgroup
