// A program that does what its arguments say, one after the other, so that each test is a list of system calls. An error of a call is
// printed as "WORD: ERROR" and ends it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int s = -1, ep = -1, raw;
static const uint64_t mark = 0x1122334455667788;

static void check(const char *word, long r) {
	if (r < 0) {
		printf("%s: %s\n", word, strerror(errno));
		fflush(stdout);
		exit(1);
	}
}

static void make(const char *word, int domain, int type, int protocol) {
	check(word, s = socket(domain, type | SOCK_CLOEXEC, protocol));
	int one = 1;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
}

static int do_bind(char *where) {
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	char *colon = strrchr(where, ':');
	*colon = 0;
	four.sin_port = six.sin6_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, where, &four.sin_addr) == 1 && raw)
		return syscall(SYS_bind, s, &four, sizeof four);
	if (inet_pton(AF_INET, where, &four.sin_addr) == 1)
		return bind(s, (struct sockaddr *)&four, sizeof four);
	inet_pton(AF_INET6, where, &six.sin6_addr);
	return bind(s, (struct sockaddr *)&six, sizeof six);
}

static int do_bindpath(const char *path) {
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t size = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	memcpy(un.sun_path, path, strlen(path));
	if (path[0] == '@')
		un.sun_path[0] = 0;
	return bind(s, (struct sockaddr *)&un, size);
}

static void reply(int c) {
	char text[32];
	int n = snprintf(text, sizeof text, "%d\n", getpid());
	send(c, text, n, MSG_NOSIGNAL);
	close(c);
}

static void serve(void) {
	for (;;) {
		int c = accept(s, NULL, NULL);
		check("accept", c);
		reply(c);
	}
}

static void eserve(void) {
	for (;;) {
		struct epoll_event e;
		if (epoll_wait(ep, &e, 1, -1) < 1)
			continue;
		if (e.data.u64 != mark) {
			printf("the data of the registration is %llx\n", (unsigned long long)e.data.u64);
			exit(1);
		}
		int c = accept(s, NULL, NULL);
		if (c < 0 && errno != EAGAIN)
			check("accept", c);
		if (c >= 0)
			reply(c);
	}
}

static void *bind_in_thread(void *where) { return (void *)(intptr_t)do_bind(where); }

static void nothing(int signal) { (void)signal; }

static void act(char *word) {
	char *arg = strchr(word, '=');
	int n = 0;
	if (arg) {
		*arg++ = 0;
		n = atoi(arg);
	}
#define IS(x) (strcmp(word, x) == 0)
	if (IS("tcp4")) make(word, AF_INET, SOCK_STREAM, 0);
	else if (IS("tcp6")) make(word, AF_INET6, SOCK_STREAM, 0);
	else if (IS("mptcp4")) make(word, AF_INET, SOCK_STREAM, 262);
	else if (IS("udp4")) make(word, AF_INET, SOCK_DGRAM, 0);
	else if (IS("unix")) make(word, AF_UNIX, SOCK_STREAM, 0);
	else if (IS("only6")) check(word, setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &n, sizeof n));
	else if (IS("reuseport")) check(word, setsockopt(s, SOL_SOCKET, SO_REUSEPORT, (n = 1, &n), sizeof n));
	else if (IS("keepalive")) check(word, setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &n, sizeof n));
	else if (IS("rcvbuf")) check(word, setsockopt(s, SOL_SOCKET, SO_RCVBUF, &n, sizeof n));
	else if (IS("nonblock")) check(word, fcntl(s, F_SETFL, O_NONBLOCK));
	else if (IS("epoll")) {
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = mark};
		check(word, ep = epoll_create1(0));
		check(word, epoll_ctl(ep, EPOLL_CTL_ADD, s, &e));
	}
	else if (IS("bind")) check(word, do_bind(arg));
	else if (IS("threadbind")) {
		pthread_t t;
		void *r;
		pthread_create(&t, NULL, bind_in_thread, arg);
		pthread_join(t, &r);
		check(word, (long)(intptr_t)r);
	}
	else if (IS("rawbind")) check(word, (raw = 1, do_bind(arg)));
	else if (IS("newnet")) check(word, unshare(CLONE_NEWNET));
	else if (IS("handler")) {
		struct sigaction a = {.sa_handler = nothing}; // without SA_RESTART
		check(word, sigaction(SIGUSR1, &a, NULL));
	}
	else if (IS("undumpable")) check(word, prctl(PR_SET_DUMPABLE, 0));
	else if (IS("bindpath")) check(word, do_bindpath(arg));
	else if (IS("badbind")) check(word, bind(s, (struct sockaddr *)8, 16));
	else if (IS("listen")) check(word, listen(s, n));
	else if (IS("unlink")) check(word, syscall(
#ifdef SYS_unlink
		SYS_unlink, arg));
#else
		SYS_unlinkat, AT_FDCWD, arg, 0));
#endif
	else if (IS("unlinkat")) check(word, unlinkat(AT_FDCWD, arg, 0));
	else if (IS("exists")) check(word, access(arg, F_OK));
	else if (IS("chdir")) check(word, chdir(arg));
	else if (IS("chroot")) check(word, chroot(arg));
	else if (IS("setuid")) check(word, setuid(n));
	else if (IS("close")) check(word, close(s));
	else if (IS("cloexec")) check(word, fcntl(s, F_GETFD) & FD_CLOEXEC ? 0 : (errno = EBADF, -1));
	else if (IS("fork")) {
		pid_t child = fork();
		check(word, child);
		if (child > 0) {
			waitpid(child, NULL, 0);
			exit(0);
		}
	}
	else if (IS("daemon")) {
		if (fork() > 0) _exit(0);
		setsid();
		if (fork() > 0) _exit(0);
	}
	else if (IS("uring")) {
		long r = syscall(425, 8, NULL);
		printf("uring %s\n", r < 0 ? strerror(errno) : "there");
		fflush(stdout);
	}
	else if (IS("wait")) {
		char c;
		printf("waiting\n");
		fflush(stdout);
		check(word, read(0, &c, 1));
	}
	else if (IS("say")) {
		printf("%s\n", arg);
		fflush(stdout);
	}
	else if (IS("serve")) serve();
	else if (IS("eserve")) eserve();
	else {
		printf("what is %s?\n", word);
		exit(2);
	}
}

int main(int argc, char **argv) {
	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++)
		act(argv[i]);
	return 0;
}
