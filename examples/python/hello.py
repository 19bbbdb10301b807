"""An HTTP worker in plain Python 3: it takes its listener from supervise and drains without losing a connection."""

import os
import selectors
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

FIRST_FD = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)


def take_listener():
    """The socket we were given, or one of our own when run bare."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        listener = socket.socket(fileno=FIRST_FD)
        os.set_inheritable(FIRST_FD, False)
    else:
        listener = socket.create_server(("127.0.0.1", 8081))
    # Other workers accept from the same socket. They may be quicker between our select() and our
    # accept(), which must not block then: we would not see SIGTERM.
    listener.setblocking(False)
    return listener


def notify(state):
    """sd_notify(3): one datagram to the supervisor."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        if path[0] == "@":  # Linux abstract namespace
            path = "\0" + path[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(state.encode(), path)


def answer(conn, body):
    """Serves one request. A client that says nothing for five seconds is let go."""
    with conn:
        conn.settimeout(5)
        try:
            request = b""
            while b"\r\n\r\n" not in request and len(request) < 65536:
                chunk = conn.recv(65536)
                if not chunk:
                    return
                request += chunk
            conn.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
        except OSError:  # the client went away, or said nothing
            pass


def accept(listener):
    """The next connection, or None if another worker was quicker."""
    try:
        return listener.accept()[0]
    except (BlockingIOError, InterruptedError, ConnectionAbortedError):
        return None


def serve(listener, wakeup, pool, body):
    """Accepts until a signal arrives on wakeup."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(wakeup, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        if wakeup in ready:
            return
        conn = accept(listener)
        if conn is not None:
            pool.submit(answer, conn, body)


def main():
    # A signal becomes a byte in a socket, which select() sees like any other input.
    wakeup, signalled = socket.socketpair()
    signalled.setblocking(False)
    signal.set_wakeup_fd(signalled.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    body = "hello from python: generation {} worker {} pid {}\n".format(
        os.environ.get("SUPERVISE_GENERATION", ""), os.environ.get("SUPERVISE_WORKER", ""), os.getpid()
    ).encode()
    listener = take_listener()
    print("listening on", listener.getsockname(), flush=True)
    notify("READY=1")
    with ThreadPoolExecutor(max_workers=32) as pool:
        serve(listener, wakeup, pool, body)
        # Closes our copy only: from here on the kernel gives new connections to the other workers.
        listener.close()
        notify("STOPPING=1")
        # Leaving the pool waits for every connection that we have accepted.


if __name__ == "__main__":
    main()
