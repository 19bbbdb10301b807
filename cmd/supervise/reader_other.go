//go:build !linux

package main

import "context"

// whileRead is told by the next write that nobody reads.
func (a *app) whileRead(ctx context.Context) context.Context { return ctx }
