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
package worker
