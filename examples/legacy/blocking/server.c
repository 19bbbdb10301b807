/* A server as in the first chapter of a book: one connection after the other. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int argc, char **argv)
{
	must(argc == 2, "usage: server PORT");
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);
	must(l >= 0, "socket");
	must(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0, "setsockopt");
	must(bind(l, (struct sockaddr *)&a, sizeof a) == 0, "bind");
	must(listen(l, 5) == 0, "listen");
	for (;;) {
		char request[4096];
		int c = accept(l, NULL, NULL);
		if (c < 0)
			continue;
		if (read(c, request, sizeof request) > 0 && write(c, answer, sizeof answer - 1) < 0)
			perror("write");
		close(c);
	}
}
