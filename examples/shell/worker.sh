#!/bin/sh
# A worker in nothing but POSIX shell. A shell cannot accept connections, but it can read lines: this one takes jobs
# from a fifo that supervise holds open. Jobs wait in the fifo while no worker is there; a restart loses none.
#
#   echo "resize cat.png" > jobs.fifo
#
# Run it as sh: bash, unless it is called sh, sleeps on in read when SIGTERM comes.

# Opened anew, the fifo is blocking for us whatever other processes do to theirs. Descriptor 3 is what supervise gave us.
exec 3<>/dev/fd/3

# A signal ends a read that waits for a job, but not one that has begun to get it: no half jobs. Should the signal come just before
# the wait, supervise ends us after stop.timeout, which is harmless then: we hold no job.
stopping=
trap 'stopping=1' TERM INT

# Readiness: a newline on the descriptor that supervise tells us.
if [ -n "$READY_FD" ]; then
	echo >&"$READY_FD"
	eval "exec $READY_FD>&-"
fi

echo "generation $SUPERVISE_GENERATION worker $SUPERVISE_WORKER pid $$ waits for jobs"
while [ -z "$stopping" ] && read -r job <&3; do
	printf 'done: %s\n' "$job"
done
echo "stopped"
