// Package worker is what a Go program imports to be a good worker: it takes the
// sockets it was given, says when it is ready, and stops without losing a
// connection. The same binary runs bare, without any supervisor.
//
//	func main() {
//		ctx := worker.Stopping(context.Background())
//		l, err := worker.Listen("web", "tcp", ":8080")
//		if err != nil {
//			log.Fatal(err)
//		}
//		_ = worker.Ready()
//		if err := worker.Serve(ctx, &http.Server{Handler: handler}, l); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// It speaks the systemd conventions, sd_listen_fds(3) and sd_notify(3), so a program
// built with it works the same under supervise and as a systemd unit.
//
// On Windows the same program works unchanged. What is otherwise there:
//
//	             unix                            Windows
//	sockets      LISTEN_FDS, einhorn, ...        LISTEN_HANDLES (inherited), else SYSTEMFD_SOCKET_SERVER (WSADuplicateSocket)
//	names        LISTEN_FDNAMES                  LISTEN_FDNAMES
//	accepting    package net                     AcceptEx without a completion port, a thread for each running Accept
//	stop         SIGTERM, SIGINT                 the event STOP_EVENT, Ctrl-C, Ctrl-Break
//	messages     NOTIFY_SOCKET, a unix socket    NOTIFY_SOCKET, a named pipe; READY_HANDLE, a pipe that is inherited
//
// A socket on Windows has one completion port for all processes that hold it, and package net needs one: net.FileListener works in one
// process only, and not in the second generation. A connection that was accepted is package net's own again.
package worker
