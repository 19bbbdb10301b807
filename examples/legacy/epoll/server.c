/* A server with epoll and nothing else: it drains nothing, and dies of any signal. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void watch(int set, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	must(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

static void serve(int fd)
{
	char request[4096];
	ssize_t n = read(fd, request, sizeof request);
	if (n > 0 && write(fd, answer, sizeof answer - 1) < 0)
		perror("write");
	close(fd);
}

int main(int argc, char **argv)
{
	must(argc == 2, "usage: server PORT");
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, set = epoll_create1(EPOLL_CLOEXEC), l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(set >= 0 && l >= 0, "socket");
	must(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0, "setsockopt");
	watch(set, l); /* before it is bound, as libevent may do it */
	must(bind(l, (struct sockaddr *)&a, sizeof a) == 0, "bind");
	must(listen(l, 16) == 0, "listen");
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(set, events, 64, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != l) {
				serve(events[i].data.fd);
				continue;
			}
			for (int c; (c = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
				watch(set, c);
		}
	}
}
