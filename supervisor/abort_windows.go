package supervisor

import "syscall"

// abort ends a worker that hangs: Windows has no signal on which it would leave a core first.
const abort = syscall.SIGKILL
