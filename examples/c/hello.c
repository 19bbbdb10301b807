/* An HTTP worker in plain C: it takes its listener from supervise and drains without losing a connection.
 * One thread, poll(2), and the connections in a table. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	FIRST_FD = 3, /* SD_LISTEN_FDS_START, sd_listen_fds(3) */
	MAX_CONNS = 1024,
	MAX_REQUEST = 4096,
	SILENCE = 5 /* seconds after which a client that says nothing is let go */
};

struct conn {
	time_t since;
	size_t got;
	char request[MAX_REQUEST + 1];
};

static struct pollfd fds[1 + MAX_CONNS]; /* fds[0] is the listener */
static struct conn conns[1 + MAX_CONNS]; /* conns[i] belongs to fds[i] */
static nfds_t nfds = 1;
static char answer[512];
static int answer_len;
static volatile sig_atomic_t stopping;

static void on_term(int sig) {
	(void)sig;
	stopping = 1;
}

static void die(const char *what) {
	perror(what);
	exit(1);
}

static const char *env_or_empty(const char *name) {
	const char *value = getenv(name);
	return value ? value : "";
}

/* The socket that we were given, or one of our own when run bare. */
static int take_listener(void) {
	const char *pid = getenv("LISTEN_PID");
	int fd = FIRST_FD;
	if (!pid || atol(pid) != (long)getpid()) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8083), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int on = 1;
		fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, SOMAXCONN) < 0)
			die("cannot listen on 127.0.0.1:8083");
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Other workers accept from the same socket and may be quicker between our poll and our accept. */
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		die("cannot use the listener");
	return fd;
}

/* sd_notify(3): one datagram to the supervisor. */
static void notify(const char *state) {
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	if (len == 0 || len >= sizeof a.sun_path)
		return;
	memcpy(a.sun_path, path, len);
	if (path[0] == '@') /* Linux abstract namespace */
		a.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), 0, (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + len) < 0)
		perror("cannot notify the supervisor");
	close(fd);
}

static void compose_answer(void) {
	char body[256];
	int len = snprintf(body, sizeof body, "hello from c: generation %.20s worker %.20s pid %ld\n",
		env_or_empty("SUPERVISE_GENERATION"), env_or_empty("SUPERVISE_WORKER"), (long)getpid());
	answer_len = snprintf(answer, sizeof answer,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len, body);
}

/* Takes all connections there are and there is room for. */
static void accept_all(void) {
	while (nfds < 1 + MAX_CONNS) {
		int fd = accept4(fds[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return; /* EAGAIN: another worker was quicker, which is normal */
		}
		fds[nfds] = (struct pollfd){.fd = fd, .events = POLLIN};
		conns[nfds].since = time(NULL);
		conns[nfds].got = 0;
		nfds++;
	}
}

/* Closes a connection; the last one takes its place. */
static void drop(nfds_t i) {
	close(fds[i].fd);
	nfds--;
	if (i == nfds)
		return;
	fds[i] = fds[nfds];
	memcpy(&conns[i], &conns[nfds], offsetof(struct conn, request) + conns[nfds].got + 1);
}

/* Reads, and answers when the request is complete. Returns 1 when the connection is done. */
static int advance(nfds_t i) {
	struct conn *c = &conns[i];
	ssize_t n = read(fds[i].fd, c->request + c->got, MAX_REQUEST - c->got);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return 1;
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (!strstr(c->request, "\r\n\r\n"))
		return c->got == MAX_REQUEST;
	/* The answer always fits into the send buffer of a new connection. */
	if (send(fds[i].fd, answer, (size_t)answer_len, MSG_NOSIGNAL) != answer_len)
		perror("cannot answer");
	return 1;
}

static void handle_connections(void) {
	time_t now = time(NULL);
	for (nfds_t i = nfds; i-- > 1;) { /* backwards, because drop moves the last one */
		if (fds[i].revents ? advance(i) : now - conns[i].since > SILENCE)
			drop(i);
	}
}

int main(void) {
	sigset_t term, while_waiting;
	struct sigaction act = {.sa_handler = on_term};
	/* SIGTERM is let in only during ppoll: none can slip in between the test of stopping and the wait. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigaddset(&term, SIGINT);
	sigprocmask(SIG_BLOCK, &term, &while_waiting);
	sigdelset(&while_waiting, SIGTERM);
	sigdelset(&while_waiting, SIGINT);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);

	compose_answer();
	fds[0].fd = take_listener();
	puts("listening");
	fflush(stdout);
	notify("READY=1");
	while (!stopping || nfds > 1) {
		if (stopping && fds[0].fd >= 0) {
			/* Closes our copy only: from here on the kernel gives new connections to the other workers. */
			close(fds[0].fd);
			fds[0].fd = -1; /* which poll ignores */
			notify("STOPPING=1");
		}
		fds[0].events = nfds < 1 + MAX_CONNS ? POLLIN : 0;
		struct timespec second = {.tv_sec = 1};
		if (ppoll(fds, nfds, nfds > 1 ? &second : NULL, &while_waiting) < 0) {
			if (errno != EINTR)
				die("cannot wait");
			continue;
		}
		handle_connections();
		if (fds[0].revents)
			accept_all();
	}
	return 0;
}
