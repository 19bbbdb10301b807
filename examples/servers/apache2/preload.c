/*
 * A library for LD_PRELOAD: a program that binds an address gets the listener for it that LISTEN_FDS (sd_listen_fds(3)) announces,
 * if there is one. For dynamically linked programs that have no way to be given a socket.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { first = 3, most = 64 };

static int count;
static char given[1 << 16]; /* by descriptor: it is one of ours now */

/* The descriptors themselves are nobody's business any more, least of all that of programs which this one starts. */
__attribute__((constructor)) static void start(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!pid || !fds || atol(pid) != getpid())
		return;
	count = atoi(fds);
	if (count < 0 || count > most)
		count = 0;
	for (int fd = first; fd < first + count; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	unsetenv("LD_PRELOAD");
}

static int same(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return 0;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;
		return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
	}
	if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;
		return x->sin6_port == y->sin6_port && !memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr);
	}
	return 0;
}

/* bind puts the listener in the place of the socket that was to be bound. */
int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");

	for (int listener = first; listener < first + count; listener++) {
		struct sockaddr_storage its = { 0 };
		socklen_t size = sizeof its;

		if (getsockname(listener, (struct sockaddr *)&its, &size) || !same(address, (struct sockaddr *)&its))
			continue;
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0 || dup3(listener, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
			return -1;
		if (fd < (int)sizeof given)
			given[fd] = 1;
		return 0;
	}
	return real(fd, address, length);
}

/* listen leaves the backlog as it is. */
int listen(int fd, int backlog)
{
	int (*real)(int, int) = dlsym(RTLD_NEXT, "listen");

	return fd >= 0 && fd < (int)sizeof given && given[fd] ? 0 : real(fd, backlog);
}

int close(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "close");

	if (fd >= 0 && fd < (int)sizeof given)
		given[fd] = 0;
	return real(fd);
}
