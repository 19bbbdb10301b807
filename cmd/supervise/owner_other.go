//go:build !unix && !windows

package main

import "os"

func ownedByUs(os.FileInfo) bool { return true }
