// Package hello is what the servers have in common.
package hello

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

// Server says hello.
func Server() *http.Server { return &http.Server{Handler: Handler()} }

// Handler says hello in the name of the program.
func Handler() http.Handler {
	text := fmt.Sprintf("hello from %s\n", filepath.Base(os.Args[0]))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
