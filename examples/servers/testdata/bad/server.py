"""Answers requests, with one fault."""

import signal
import socket
import sys

fault = sys.argv[1]
listener = socket.socket(fileno=3)
port = listener.getsockname()[1]
if fault == "second socket":
    other = socket.create_server(("127.0.0.2", port))
if fault == "closes listener":
    listener.close()
if fault == "backlog":
    listener.listen(7)
if fault == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("listening", flush=True)
if fault == "closes listener":
    signal.pause()
while True:
    connection, _ = listener.accept()
    with connection:
        if fault == "no answer" and connection.recv(65536):
            continue
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
