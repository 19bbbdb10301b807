import http.server
import signal
import socket
import sys
import threading


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for the answers under way

    def server_bind(self):
        """The socket that was given is bound already."""
        self.socket.close()
        self.socket = socket.socket(fileno=int(sys.argv[1]))
        self.server_name, self.server_port = self.socket.getsockname()

    def server_activate(self):
        """It listens, too: another listen(2) would change its backlog."""
        self.socket.setblocking(False)  # another worker may be quicker between poll(2) and accept(2)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello from python\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


with Server(("", 0), Handler) as server:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("listening", flush=True)
    server.serve_forever()
