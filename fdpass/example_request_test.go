//go:build unix

package fdpass_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// A program that supervise does not run serves a listener of it for a while.
func ExampleRequest() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := fdpass.Request(ctx, "/run/supervise/app.sock", "web")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := fdpass.ToFile(list[0].Descriptor, "web")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.FileListener(f)
	_ = f.Close()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(http.Serve(l, nil))
}
